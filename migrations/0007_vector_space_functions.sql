-- How the vector column of a space is indexed on this server, or null: then every search of the space is exact.
-- VectorChord's lists follow the number of rows, so its indexes are made anew as a space grows; pgvector's HNSW grows along.
-- HNSW keeps half floats: half the size and twice as fast to build, with the same neighbours (rows hold the whole floats,
-- by which the answer is sorted). It takes 4000 dimensions of them, and 2000 of whole ones before pgvector 0.7.
create function vector_index_clause(dimension int, row_count bigint) returns text
language sql stable set search_path = pg_catalog, public, pg_temp as $$
  select case
    when exists (select from pg_extension where extname = 'vchord') then format(
      'using vchordrq (embedding vector_cosine_ops) with (options = %L)', format(
        E'residual_quantization = false\n[build.internal]\nlists = [%s]\nspherical_centroids = true\nbuild_threads = 4\nsampling_factor = 1024',
        case
          when row_count < 128000 then 1
          when row_count < 2048000 then 2 ^ ceil(log(2, row_count / 1000.0))
          else 2 ^ round(log(2, 2 * sqrt(row_count)::numeric))
        end::int))
    when not exists (select from pg_extension where extname = 'vector') or dimension > 4000 then null
    when to_regtype('halfvec') is not null then format(
      'using hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops) with (m = 16, ef_construction = 128)', dimension)
    when dimension <= 2000 then 'using hnsw (embedding vector_cosine_ops) with (m = 16, ef_construction = 128)'
  end
$$;
--> statement-breakpoint

-- Makes the space of a model, or finds it, and answers with its id. The model asked for last is the one that is being built
-- or active: another one under construction retires, with its vectors, so that going back costs nothing.
-- Runs as the schema's owner, since the app's role makes no tables; it takes nothing but three checked values.
create function create_vector_space(space_kind text, space_model text, space_dimension int) returns int
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '10s' as $$
declare
  space vector_spaces%rowtype;
  has_active boolean;
  vector_table text;
  clause text;
  grantee name;
begin
  if space_kind is null or space_kind not in ('clip', 'face') then
    raise exception 'A vector space is of kind clip or face' using errcode = 'invalid_parameter_value';
  end if;
  if space_model is null or space_model !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' then
    raise exception 'This is no name of a model' using errcode = 'invalid_parameter_value';
  end if;
  if space_dimension is null or space_dimension not between 1 and 16000 then
    raise exception 'A vector has 1 to 16000 dimensions' using errcode = 'invalid_parameter_value';
  end if;
  if to_regtype('vector') is null then
    raise exception 'The database has neither VectorChord nor pgvector' using errcode = 'feature_not_supported',
      hint = 'Install one of the two for PostgreSQL and migrate again.';
  end if;
  perform pg_advisory_xact_lock(7236453);

  select * into space from vector_spaces where kind = space_kind and model = space_model;
  if found and space.dimension <> space_dimension then
    raise exception 'The vectors of % have % dimensions, not %', space_model, space.dimension, space_dimension
      using errcode = 'object_not_in_prerequisite_state', hint = 'A model with other vectors needs another name.';
  end if;
  update vector_spaces set state = 'retired', retired_at = now()
    where kind = space_kind and state = 'building' and model <> space_model;
  has_active := exists (select from vector_spaces where kind = space_kind and state = 'active');
  if space.id is not null then
    update vector_spaces set retired_at = null,
        state = case when has_active then 'building' else 'active' end,
        activated_at = case when has_active then activated_at else now() end
      where id = space.id and state = 'retired';
    return space.id;
  end if;

  insert into vector_spaces (kind, model, dimension, state, activated_at)
    values (space_kind, space_model, space_dimension,
      case when has_active then 'building' else 'active' end, case when has_active then null else now() end)
    returning * into space;
  vector_table := format('%s_vectors_%s', space_kind, space.id);
  execute format(
    'create table public.%I (%s, owner_id uuid not null, embedding vector(%s) not null)', vector_table,
    case space_kind
      when 'clip' then 'asset_id uuid primary key references public.assets (id) on delete cascade'
      else 'face_id uuid primary key references public.asset_faces (id) on delete cascade'
    end, space_dimension);
  -- In its row a vector is read twice as fast as from a side table; above that a row would not fit a page.
  if space_dimension <= 1900 then
    execute format('alter table public.%I alter column embedding set storage plain', vector_table);
  end if;
  execute format('create index %I on public.%I (owner_id)', vector_table || '_owner_idx', vector_table);
  clause := vector_index_clause(space_dimension, 0);
  if clause is not null then
    execute format('create index %I on public.%I %s', vector_table || '_nearest_idx', vector_table, clause);
    execute format('comment on index public.%I is %L', vector_table || '_nearest_idx', clause);
  end if;
  -- Whoever may write the list of spaces may write what lies in them.
  for grantee in
    select distinct a.grantee::regrole::text from pg_class c, aclexplode(c.relacl) a
    where c.oid = 'public.vector_spaces'::regclass and a.grantee not in (0, c.relowner) and a.privilege_type = 'INSERT'
  loop
    execute format('grant select, insert, update, delete on public.%I to %s', vector_table, grantee);
  end loop;
  return space.id;
end
$$;
--> statement-breakpoint

-- Removes a retired space with its vectors; false when there is no such space.
create function drop_vector_space(space_id int) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '10s' as $$
declare
  space vector_spaces%rowtype;
begin
  perform pg_advisory_xact_lock(7236453);
  select * into space from vector_spaces where id = space_id;
  if not found then
    return false;
  end if;
  if space.state <> 'retired' then
    raise exception 'The vector space % is in use', space_id using errcode = 'object_in_use';
  end if;
  execute format('drop table if exists public.%I', format('%s_vectors_%s', space.kind, space.id));
  delete from vector_spaces where id = space_id;
  return true;
end
$$;
--> statement-breakpoint
revoke execute on function create_vector_space(text, text, int), drop_vector_space(int) from public;
