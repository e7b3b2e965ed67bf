-- The signature of the audit log's head. The migration signs it in the same transaction, since that needs the key.
alter table audit_head add column signature text;
