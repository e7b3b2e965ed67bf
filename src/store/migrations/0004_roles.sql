-- What an account may do, and whether it may sign in. Accounts could do everything before, so they become owners.
alter table users add column role text default 'owner' not null;
alter table users add column active integer default true not null;
