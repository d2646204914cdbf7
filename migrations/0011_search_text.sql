-- As names and descriptions are compared: small letters, and without accents where the extension `unaccent` is there
-- (then the migrate step puts its own definition here, see db/migrate/text-search.ts).
create function search_text(value text) returns text language sql immutable strict parallel safe as $$
  select lower(value)
$$;
