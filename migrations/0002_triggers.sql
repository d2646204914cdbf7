-- What a client syncs carries the instant and the order of its last change. Rows that an update leaves as they
-- were keep both, so that clients do not fetch them again.
create function touch_row() returns trigger language plpgsql as $$
begin
  new.updated_at := clock_timestamp();
  new.update_id := uuid_v7();
  return new;
end
$$;
--> statement-breakpoint
create function touch_time() returns trigger language plpgsql as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end
$$;
--> statement-breakpoint
create trigger users_touch_insert before insert on users for each row execute function touch_row();
--> statement-breakpoint
create trigger users_touch_update before update on users for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger user_metadata_touch_insert before insert on user_metadata for each row execute function touch_row();
--> statement-breakpoint
create trigger user_metadata_touch_update before update on user_metadata for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger sessions_touch_insert before insert on sessions for each row execute function touch_row();
--> statement-breakpoint
create trigger sessions_touch_update before update on sessions for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger api_keys_touch_insert before insert on api_keys for each row execute function touch_row();
--> statement-breakpoint
create trigger api_keys_touch_update before update on api_keys for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger assets_touch_insert before insert on assets for each row execute function touch_row();
--> statement-breakpoint
create trigger assets_touch_update before update on assets for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger asset_exif_touch_insert before insert on asset_exif for each row execute function touch_row();
--> statement-breakpoint
create trigger asset_exif_touch_update before update on asset_exif for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger uploads_touch before update on uploads for each row execute function touch_time();
--> statement-breakpoint
create trigger system_metadata_touch before update on system_metadata for each row execute function touch_time();
--> statement-breakpoint

-- Deletes that clients must learn of. What a cascade takes along with its user is left out: nobody is there any
-- more to ask for it, and the user's own audit row tells the others. By then the parent is invisible here.
create function audit_deleted_users() returns trigger language plpgsql as $$
begin
  insert into user_audit (user_id) select id from old_rows;
  return null;
end
$$;
--> statement-breakpoint
create function audit_deleted_user_metadata() returns trigger language plpgsql as $$
begin
  insert into user_metadata_audit (user_id, key)
    select o.user_id, o.key from old_rows o join users u on u.id = o.user_id;
  return null;
end
$$;
--> statement-breakpoint
create function audit_deleted_assets() returns trigger language plpgsql as $$
begin
  insert into asset_audit (asset_id, owner_id)
    select o.id, o.owner_id from old_rows o join users u on u.id = o.owner_id;
  return null;
end
$$;
--> statement-breakpoint
create trigger users_audit after delete on users
  referencing old table as old_rows for each statement execute function audit_deleted_users();
--> statement-breakpoint
create trigger user_metadata_audit after delete on user_metadata
  referencing old table as old_rows for each statement execute function audit_deleted_user_metadata();
--> statement-breakpoint
create trigger assets_audit after delete on assets
  referencing old table as old_rows for each statement execute function audit_deleted_assets();
--> statement-breakpoint

-- Months are counted by appending what a statement changed: no row is shared between writers, so imports do not
-- wait for each other. Assets with status 'deleted' count nowhere. `recountTimeline` says the same from the assets.
create function append_timeline_deltas() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into timeline_deltas (owner_id, month, visibility, is_trashed, delta)
      select owner_id, date_trunc('month', local_date_time)::date, visibility, status = 'trashed', count(*)
      from new_rows where status <> 'deleted' group by 1, 2, 3, 4;
  elsif tg_op = 'DELETE' then
    insert into timeline_deltas (owner_id, month, visibility, is_trashed, delta)
      select owner_id, date_trunc('month', local_date_time)::date, visibility, status = 'trashed', -count(*)
      from old_rows where status <> 'deleted' group by 1, 2, 3, 4;
  else
    insert into timeline_deltas (owner_id, month, visibility, is_trashed, delta)
      select owner_id, date_trunc('month', local_date_time)::date, visibility, status = 'trashed', sum(change)
      from (
        select owner_id, local_date_time, visibility, status, 1 as change from new_rows
        union all
        select owner_id, local_date_time, visibility, status, -1 as change from old_rows
      ) as changes
      where status <> 'deleted' group by 1, 2, 3, 4 having sum(change) <> 0;
  end if;
  return null;
end
$$;
--> statement-breakpoint
create trigger assets_count_insert after insert on assets
  referencing new table as new_rows for each statement execute function append_timeline_deltas();
--> statement-breakpoint
create trigger assets_count_update after update on assets
  referencing old table as old_rows new table as new_rows for each statement execute function append_timeline_deltas();
--> statement-breakpoint
create trigger assets_count_delete after delete on assets
  referencing old table as old_rows for each statement execute function append_timeline_deltas();
--> statement-breakpoint

-- Aborts the batch that would put a user past the quota. The row lock of the update makes parallel uploads take turns.
create function hold_quota() returns trigger language plpgsql as $$
begin
  raise exception 'quota_exceeded' using
    errcode = 'P0001', constraint = 'quota_exceeded', table = tg_table_name,
    detail = format('%s of %s bytes', new.quota_usage_bytes, new.quota_size_bytes);
end
$$;
--> statement-breakpoint
create trigger users_hold_quota before update on users for each row
  when (new.quota_usage_bytes > old.quota_usage_bytes and new.quota_usage_bytes > new.quota_size_bytes)
  execute function hold_quota();
--> statement-breakpoint

-- Wakes the dispatcher. Postgres sends equal notifications of one transaction once.
create function notify_outbox() returns trigger language plpgsql as $$
begin
  perform pg_notify('outbox', '');
  return null;
end
$$;
--> statement-breakpoint
create trigger outbox_notify after insert on outbox for each statement execute function notify_outbox();
