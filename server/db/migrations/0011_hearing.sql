-- What hearing completely needs on top of 0009.

-- listeners: when a look at the network last brought something new, from which the pause until the next
-- look follows; when everything stored was last looked at again
ALTER TABLE connections ADD COLUMN busy_at BIGINT;
ALTER TABLE connections ADD COLUMN rechecked_at BIGINT;

-- listeners: a delivery that could not be understood keeps what it takes to try it again
ALTER TABLE dead_letters ADD COLUMN native_id TEXT NOT NULL DEFAULT '';
ALTER TABLE dead_letters ADD COLUMN headers TEXT NOT NULL DEFAULT '';
CREATE INDEX dead_letters_by_connection ON dead_letters (connection_id, id);
CREATE INDEX dead_letters_by_time ON dead_letters (created_at);

-- listeners: a gap's source is an outage or the time before the first look
ALTER TABLE gaps ADD COLUMN source TEXT NOT NULL DEFAULT 'outage';

-- community: what was erased because somebody asked for it. The account is a hash: the receipt names nobody.
CREATE TABLE erasures (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	account_hash TEXT NOT NULL,
	network TEXT NOT NULL,
	requested_by BIGINT REFERENCES members (id),
	counts TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX erasures_by_brand ON erasures (brand_id, id);
