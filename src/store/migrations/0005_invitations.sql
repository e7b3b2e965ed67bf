-- One-time links by which people create their own accounts.
create table invitations (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  email text not null,
  role text not null,
  token_hash text not null,
  expires_at text not null
);
create unique index invitations_id_unique on invitations (id);
create unique index invitations_email_unique on invitations (email);
create unique index invitations_token_hash_unique on invitations (token_hash);
