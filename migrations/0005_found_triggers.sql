create trigger people_touch_insert before insert on people for each row execute function touch_row();
--> statement-breakpoint
create trigger people_touch_update before update on people for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger asset_faces_touch_insert before insert on asset_faces for each row execute function touch_row();
--> statement-breakpoint
create trigger asset_faces_touch_update before update on asset_faces for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger albums_touch_insert before insert on albums for each row execute function touch_row();
--> statement-breakpoint
create trigger albums_touch_update before update on albums for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger album_users_touch_insert before insert on album_users for each row execute function touch_row();
--> statement-breakpoint
create trigger album_users_touch_update before update on album_users for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger album_assets_touch_insert before insert on album_assets for each row execute function touch_row();
--> statement-breakpoint
create trigger album_assets_touch_update before update on album_assets for each row
  when (old.* is distinct from new.*) execute function touch_row();
--> statement-breakpoint
create trigger inbox_objects_touch before update on inbox_objects for each row execute function touch_time();
--> statement-breakpoint

-- As for assets: what goes with its parent is left out, the parent's own audit row tells of it.
create function audit_deleted_people() returns trigger language plpgsql as $$
begin
  insert into person_audit (person_id, owner_id)
    select o.id, o.owner_id from old_rows o join users u on u.id = o.owner_id;
  return null;
end
$$;
--> statement-breakpoint
create function audit_deleted_asset_faces() returns trigger language plpgsql as $$
begin
  insert into asset_face_audit (asset_face_id, asset_id, owner_id)
    select o.id, o.asset_id, a.owner_id from old_rows o join assets a on a.id = o.asset_id;
  return null;
end
$$;
--> statement-breakpoint
-- A member who goes loses the album; those who stay learn that a member went. An album that is deleted takes its
-- members along, so that each of them gets a row here.
create function audit_deleted_album_users() returns trigger language plpgsql as $$
begin
  insert into album_audit (album_id, user_id)
    select o.album_id, o.user_id from old_rows o join users u on u.id = o.user_id;
  insert into album_user_audit (album_id, user_id)
    select o.album_id, o.user_id from old_rows o join albums a on a.id = o.album_id;
  return null;
end
$$;
--> statement-breakpoint
create function audit_deleted_album_assets() returns trigger language plpgsql as $$
begin
  insert into album_asset_audit (album_id, asset_id)
    select o.album_id, o.asset_id from old_rows o join albums a on a.id = o.album_id;
  return null;
end
$$;
--> statement-breakpoint
create trigger people_audit after delete on people
  referencing old table as old_rows for each statement execute function audit_deleted_people();
--> statement-breakpoint
create trigger asset_faces_audit after delete on asset_faces
  referencing old table as old_rows for each statement execute function audit_deleted_asset_faces();
--> statement-breakpoint
create trigger album_users_audit after delete on album_users
  referencing old table as old_rows for each statement execute function audit_deleted_album_users();
--> statement-breakpoint
create trigger album_assets_audit after delete on album_assets
  referencing old table as old_rows for each statement execute function audit_deleted_album_assets();
