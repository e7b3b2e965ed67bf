-- Who signs in to the dashboard: accounts, their sessions and the codes that stand in for a lost second factor.

create table users (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  email text not null,
  name text,
  password_hash text not null,
  totp_secret text,
  totp_last_step integer not null
);
create unique index users_id_unique on users (id);
create unique index users_email_unique on users (email);

create table sessions (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  user_id text not null,
  token_hash text not null,
  ip text,
  user_agent text,
  expires_at text not null,
  last_seen_at text not null,
  last_seen_ip text,
  foreign key (user_id) references users(id)
);
create unique index sessions_id_unique on sessions (id);
create unique index sessions_token_hash_unique on sessions (token_hash);
create index sessions_user on sessions (user_id);

create table recovery_codes (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  user_id text not null,
  hash text not null,
  used_at text,
  foreign key (user_id) references users(id)
);
create unique index recovery_codes_id_unique on recovery_codes (id);
create unique index recovery_codes_hash_unique on recovery_codes (hash);
create index recovery_codes_user on recovery_codes (user_id);
