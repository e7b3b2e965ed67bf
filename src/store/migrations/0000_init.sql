-- The first schema. The tables are those that the modules declare (a test holds the two against each other); the rest
-- is what the declarations cannot say: full-text indexes, the guard of the audit log and its first head.

create table audit (
  id integer primary key not null,
  at text not null,
  actor_type text not null,
  actor_id text,
  actor_name text,
  actor_prefix text,
  action text not null,
  entity_type text not null,
  entity_id text not null,
  changes text not null,
  ip text,
  user_agent text,
  request_id text,
  hash text not null
);
create index audit_entity on audit (entity_type, entity_id);
create index audit_actor on audit (actor_id);
create index audit_at on audit (at);

create table audit_head (
  seq integer primary key not null,
  id integer not null,
  hash text not null
);

create table idempotency (
  api_key_id text not null,
  path text not null,
  key text not null,
  body_hash text not null,
  status integer not null,
  location text,
  etag text,
  answer text,
  created_at text not null,
  primary key (api_key_id, path, key)
);
create index idempotency_created on idempotency (created_at);

create table organization (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  name text not null
);
create unique index organization_id_unique on organization (id);

create table api_keys (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  name text not null,
  kind text not null,
  scope text,
  prefix text not null,
  hash text not null,
  active integer not null,
  expires_at text,
  last_used_at text,
  last_used_ip text
);
create unique index api_keys_id_unique on api_keys (id);
create unique index api_keys_hash_unique on api_keys (hash);

create table calls (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  external_id text not null,
  location_id text,
  status text not null,
  started_at text not null,
  ended_at text,
  duration_seconds integer,
  direction text not null,
  from_number text,
  to_number text,
  disposition text,
  summary text,
  outcome text,
  outcome_tags text not null,
  contact_id text,
  intent_id text,
  intent_confidence real,
  unscorable integer not null,
  spam integer not null,
  messages text not null,
  callback_request text,
  escalations text not null,
  appointment text,
  order_status text,
  "order" text,
  recording_url text,
  raised text not null,
  foreign key (location_id) references locations(id),
  foreign key (contact_id) references contacts(id),
  foreign key (intent_id) references intents(id)
);
create unique index calls_id_unique on calls (id);
create unique index calls_external_id_unique on calls (external_id);
create index calls_started on calls (started_at, id);
create index calls_contact on calls (contact_id, started_at, id);
create index calls_location on calls (location_id, started_at, id);
create index calls_intent on calls (intent_id, started_at, id);
create index calls_disposition on calls (disposition, started_at, id);
create index calls_outcome on calls (outcome, started_at, id);

create table transcripts (
  call_seq integer primary key not null,
  turns text not null,
  foreign key (call_seq) references calls(seq)
);

create table contacts (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  first_name text,
  last_name text,
  email text,
  phone_number text not null,
  source text not null,
  agent_notes text,
  call_count integer not null,
  last_contact_at text,
  custom text not null
);
create unique index contacts_id_unique on contacts (id);
create unique index contacts_phone_number on contacts (phone_number);
create index contacts_email on contacts (email);
create index contacts_latest on contacts (coalesce(last_contact_at, created_at), id);

create table escalation_rules (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  name text not null,
  condition text not null,
  action text not null,
  destination text,
  agent_say text,
  position integer not null,
  active integer not null,
  location_id text,
  foreign key (location_id) references locations(id)
);
create unique index escalation_rules_id_unique on escalation_rules (id);
create index escalation_rules_position on escalation_rules (position, id);

create table intents (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  name text not null,
  description text,
  active integer not null
);
create unique index intents_id_unique on intents (id);
create index intents_created on intents (created_at, id);
create unique index intents_name on intents (name);

create table facts (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  key text not null,
  value text not null,
  location_id text,
  foreign key (location_id) references locations(id)
);
create unique index facts_id_unique on facts (id);
create unique index facts_key on facts (key, coalesce(location_id, ''));
create index facts_created on facts (created_at, id);

create table faqs (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  question text not null,
  answer text not null,
  location_id text,
  foreign key (location_id) references locations(id)
);
create unique index faqs_id_unique on faqs (id);
create index faqs_created on faqs (created_at, id);

create table policies (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  policy_key text not null,
  content text not null,
  location_id text,
  foreign key (location_id) references locations(id)
);
create unique index policies_id_unique on policies (id);
create unique index policies_key on policies (policy_key, coalesce(location_id, ''));
create index policies_created on policies (created_at, id);

create table locations (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  name text not null,
  address text,
  city text,
  state text,
  zip text,
  country text,
  timezone text not null,
  phone_number text,
  hours text,
  is_default integer not null
);
create unique index locations_id_unique on locations (id);
create index locations_created on locations (created_at, id);
create unique index locations_name on locations (name);
create unique index locations_one_default on locations (is_default) where is_default = 1;

create table team_members (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  name text not null,
  title text,
  department text,
  tags text not null,
  phone_number text,
  email text,
  location_id text,
  transfer_hours text,
  after_hours_transfer integer not null,
  active integer not null,
  foreign key (location_id) references locations(id)
);
create unique index team_members_id_unique on team_members (id);
create index team_members_created on team_members (created_at, id);
create index team_members_location on team_members (location_id);

create table webhook_subscriptions (
  seq integer primary key autoincrement not null,
  id text not null,
  created_at text not null,
  updated_at text not null,
  url text not null,
  description text,
  events text not null,
  enabled integer not null,
  secret text not null,
  secret_preview text not null,
  auto_disabled_reason text,
  consecutive_failures integer not null,
  failing_since text
);
create unique index webhook_subscriptions_id_unique on webhook_subscriptions (id);
create index webhook_subscriptions_created on webhook_subscriptions (created_at, id);

create table webhook_attempts (
  seq integer primary key autoincrement not null,
  delivery_seq integer not null,
  attempt integer not null,
  at text not null,
  status_code integer,
  error text,
  duration_ms integer not null,
  answer text,
  foreign key (delivery_seq) references webhook_deliveries(seq) on delete cascade
);
create unique index webhook_attempts_delivery on webhook_attempts (delivery_seq, attempt);

create table webhook_deliveries (
  seq integer primary key autoincrement not null,
  id text not null,
  subscription_id text not null,
  event_seq integer not null,
  status text not null,
  test integer not null,
  created_at text not null,
  next_attempt_at text,
  attempts_made integer default 0 not null,
  leased_until text,
  foreign key (event_seq) references events(seq)
);
create unique index webhook_deliveries_id_unique on webhook_deliveries (id);
create index webhook_deliveries_due on webhook_deliveries (subscription_id, next_attempt_at, seq) where status = 'pending';
create index webhook_deliveries_next on webhook_deliveries (next_attempt_at) where status = 'pending';
create index webhook_deliveries_created on webhook_deliveries (created_at);
create index webhook_deliveries_subscription on webhook_deliveries (subscription_id, created_at, id);
create index webhook_deliveries_event on webhook_deliveries (event_seq);

create table events (
  seq integer primary key autoincrement not null,
  id text not null,
  type text not null,
  created_at text not null,
  body text not null
);
create unique index events_id_unique on events (id);
create index events_created on events (created_at);

-- The audit log is append-only in the file itself; its head starts at nothing.
create trigger audit_no_update before update on audit begin
  select raise(abort, 'the audit log is append-only');
end;
create trigger audit_no_delete before delete on audit begin
  select raise(abort, 'the audit log is append-only');
end;
-- A replaced row fires no trigger of deletion, so only the next number may come in.
create trigger audit_only_next before insert on audit
when new.id is not (select coalesce(max(id), 0) + 1 from audit) begin
  select raise(abort, 'the audit log is append-only');
end;
insert into audit_head (seq, id, hash)
values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- Searches by parts of words. The index keeps its text, for words too short for three letters at once.
create virtual table contacts_search using fts5(text, tokenize = 'trigram', columnsize = 0);
create virtual table team_members_search using fts5(text, tokenize = 'trigram', columnsize = 0);
create virtual table facts_search using fts5(text, tokenize = 'trigram', columnsize = 0);
create virtual table faqs_search using fts5(text, tokenize = 'trigram', columnsize = 0);
create virtual table policies_search using fts5(text, tokenize = 'trigram', columnsize = 0);

-- Searches by beginnings of words in what was said on a call. No text is kept twice: the index holds the words alone.
create virtual table calls_search using fts5(
  text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
