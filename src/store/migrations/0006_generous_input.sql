-- The country whose national phone numbers are read.
alter table organization add column country text;

-- Email addresses are compared without case.
drop index contacts_email;
create index contacts_email on contacts (email collate nocase);
