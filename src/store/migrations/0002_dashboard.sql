-- What the dashboard asks: calls counted over a range of time, messages and callbacks that nobody has dealt with, the
-- deliveries that a call caused, and those of a subscription that failed for good.

-- The list's own index, with what is counted in it, so that counting reads no row.
drop index calls_started;
create index calls_started on calls (
  started_at, id, location_id, intent_id, outcome, unscorable, spam, duration_seconds
);

create index calls_open on calls (started_at, id)
where unscorable = 0 and (instr(messages, '"handled_at":null') > 0 or instr(callback_request, '"handled_at":null') > 0);

create index events_call on events (body ->> '$.data.call_id');

create index webhook_deliveries_failed on webhook_deliveries (subscription_id, seq) where status = 'failed';
