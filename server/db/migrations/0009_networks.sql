-- What hearing and answering on several networks needs.

-- listeners: a connection's secrets are renewed by one process at a time; hook is the unguessable part of
-- the address that a network brings news to; budget is millionths of a dollar a month, 0 for no bound;
-- since stopped_at nothing leaves, though everything is heard.
ALTER TABLE connections ADD COLUMN secrets_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE connections ADD COLUMN renewing_until BIGINT;
ALTER TABLE connections ADD COLUMN hook TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN brought_at BIGINT;
ALTER TABLE connections ADD COLUMN budget BIGINT NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN stopped_at BIGINT;
ALTER TABLE brands ADD COLUMN stopped_at BIGINT;
CREATE UNIQUE INDEX connections_by_hook ON connections (hook) WHERE hook <> '';

-- listeners: what a connection listens for besides what is addressed to it
CREATE TABLE listening_rules (
	id @id,
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	name TEXT NOT NULL,
	query TEXT NOT NULL,
	active BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX listening_rules_by_connection ON listening_rules (connection_id, id);

-- listeners: more of a mention
ALTER TABLE mentions ADD COLUMN surface TEXT NOT NULL DEFAULT 'public';
ALTER TABLE mentions ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE mentions ADD COLUMN media TEXT NOT NULL DEFAULT '';
ALTER TABLE mentions ADD COLUMN rating BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mentions ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE mentions ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mentions ADD COLUMN delivery_until BIGINT;
ALTER TABLE mentions ADD COLUMN edited_at BIGINT;
ALTER TABLE mentions ADD COLUMN gone_at BIGINT;
ALTER TABLE mentions ADD COLUMN gone_why TEXT NOT NULL DEFAULT '';

-- listeners: posts that are gone from their network, so that a late copy is not stored again
CREATE TABLE tombstones (
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	network TEXT NOT NULL,
	native_id TEXT NOT NULL,
	why TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (native_id, brand_id, network)
);

-- listeners: what networks have brought, as it came; the body goes when it has been understood
CREATE TABLE deliveries (
	id @id,
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	native_id TEXT NOT NULL,
	headers TEXT NOT NULL,
	body @bytes NOT NULL,
	state TEXT NOT NULL,
	tries BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	error TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	UNIQUE (connection_id, native_id)
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_by_end ON deliveries (created_at) WHERE state = 'done';

-- listeners: times that a connection may not have heard everything of
CREATE TABLE gaps (
	id @id,
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	from_at BIGINT NOT NULL,
	to_at BIGINT NOT NULL,
	state TEXT NOT NULL,
	cursor TEXT NOT NULL,
	refilled BIGINT NOT NULL,
	error TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	closed_at BIGINT
);
CREATE INDEX gaps_by_connection ON gaps (connection_id, id);
CREATE INDEX gaps_open ON gaps (connection_id) WHERE state = 'open';

-- listeners: money, by UTC day (days since 1970)
CREATE TABLE spending (
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	day BIGINT NOT NULL,
	unit TEXT NOT NULL,
	rule TEXT NOT NULL,
	n BIGINT NOT NULL,
	cost BIGINT NOT NULL,
	PRIMARY KEY (connection_id, day, unit, rule)
);

-- listeners: how a reply leaves. mode is api or assisted; evidence of an assisted one is verified, seen
-- or said; as_name is the member's own name on the network where they answer under it.
ALTER TABLE replies ADD COLUMN mode TEXT NOT NULL DEFAULT 'api';
ALTER TABLE replies ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
ALTER TABLE replies ADD COLUMN as_name TEXT NOT NULL DEFAULT '';
ALTER TABLE replies ADD COLUMN thread_key TEXT NOT NULL DEFAULT '';
ALTER TABLE replies ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE replies ADD COLUMN surface TEXT NOT NULL DEFAULT 'public';

-- community: until when the network takes an answer; messages between two, which advocates do not see
ALTER TABLE cases ADD COLUMN delivery_until BIGINT;
ALTER TABLE cases ADD COLUMN private BOOLEAN NOT NULL DEFAULT FALSE;
