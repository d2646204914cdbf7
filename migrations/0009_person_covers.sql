-- A cover shows a face. When its asset goes to the trash, is locked, or comes back, the person's thumbnail is looked at
-- again, whichever statement moved the asset.
create function look_at_covers() returns trigger language plpgsql as $$
begin
  insert into outbox (id, queue, name, payload, dedupe_key, attempts, priority)
    select distinct on (p.id) uuid_v7(), 'thumbnailGeneration', 'make-person-thumbnail',
      jsonb_build_object('personId', p.id), 'make-person-thumbnail:' || p.id, 5, 0
    from asset_faces f join people p on p.id = f.person_id or p.cover_face_id = f.id
    where f.asset_id = new.id and (p.cover_face_id = f.id or p.thumbnail_key is null)
    on conflict (dedupe_key) where sent_at is null and failed_at is null do nothing;
  return null;
end
$$;
--> statement-breakpoint
create trigger assets_covers after update of status, visibility on assets for each row
  when (old.status <> new.status or old.visibility <> new.visibility) execute function look_at_covers();
