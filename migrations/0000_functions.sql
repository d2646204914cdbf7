-- A UUIDv7 of now: 48 bits of milliseconds, the version, 12 bits of the fraction of the millisecond, 62 random bits.
-- From clock_timestamp(), so that rows of one statement ascend.
create function uuid_v7() returns uuid language sql volatile parallel safe as $$
  select encode(
    overlay(
      uuid_send(gen_random_uuid())
      placing int8send(((us / 1000) << 16) | 28672 | ((us % 1000) * 4096 / 1000))
      from 1 for 8
    ),
    'hex'
  )::uuid
  from (select (extract(epoch from clock_timestamp()) * 1000000)::bigint as us) as instant
$$;
