-- What was not heard, made visible; and what was forgotten stays forgotten.

-- listeners: what was promised to customers and networks, so that a restored backup does not undo it: whose
-- account was erased, which posts are gone, who opted out. Hashes, no names; rows are only added. since is
-- when somebody opted out, 0 for everything else.
CREATE TABLE pledges (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	network TEXT NOT NULL,
	hash TEXT NOT NULL,
	kind TEXT NOT NULL,
	why TEXT NOT NULL,
	since BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	UNIQUE (hash, kind, created_at, brand_id, network)
);
CREATE INDEX pledges_by_time ON pledges (created_at, id);
CREATE INDEX pledges_of_silence ON pledges (hash) WHERE kind IN ('opted_out', 'opted_in');

-- listeners: who put an account on the list of those who want to hear nothing more, and why; NULL and ''
-- where they said so themselves
ALTER TABLE accounts ADD COLUMN opted_out_by BIGINT REFERENCES members (id);
ALTER TABLE accounts ADD COLUMN opted_out_why TEXT NOT NULL DEFAULT '';
CREATE INDEX accounts_opted_out ON accounts (brand_id, opted_out_at, id) WHERE opted_out_at IS NOT NULL;
CREATE INDEX accounts_by_handle ON accounts (handle, brand_id) WHERE handle <> '';
CREATE INDEX activities_of_silence ON activities (brand_id, id) WHERE kind IN ('opt_out_added', 'opt_out_removed');

-- listeners: the deliveries of one connection, as its page shows them
CREATE INDEX deliveries_waiting ON deliveries (connection_id, due_at) WHERE state = 'waiting';
