-- The bad day: what many customers write about one cause, and how a brand answers all of them.

-- moderation: mentions that say nearly the same. shared is what they share, as numbers that nobody can read, for as
-- long as new ones may join; live says that they may. into_id is the cluster that this one has become a part of.
CREATE TABLE clusters (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	mentions BIGINT NOT NULL,
	angry BIGINT NOT NULL,
	opened_at BIGINT NOT NULL,
	last_at BIGINT NOT NULL,
	shared @bytes NOT NULL,
	live BOOLEAN NOT NULL,
	into_id BIGINT,
	incident_id BIGINT
);
CREATE INDEX clusters_live ON clusters (brand_id, last_at) WHERE live;
CREATE INDEX clusters_ending ON clusters (last_at) WHERE live;
CREATE INDEX clusters_of_incident ON clusters (incident_id) WHERE incident_id IS NOT NULL;

ALTER TABLE mentions ADD COLUMN cluster_id BIGINT;
CREATE INDEX mentions_by_cluster ON mentions (cluster_id, id) WHERE cluster_id IS NOT NULL;

-- community: one cause that many cases are about. facts_id are the facts that are locked now, surge_at since when
-- reserve advocates are called.
CREATE TABLE incidents (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	title TEXT NOT NULL,
	state TEXT NOT NULL,
	topic_id BIGINT NOT NULL,
	alert_id BIGINT REFERENCES alerts (id),
	facts_id BIGINT,
	opened_by BIGINT NOT NULL REFERENCES members (id),
	opened_at BIGINT NOT NULL,
	ended_by BIGINT REFERENCES members (id),
	ended_at BIGINT,
	version BIGINT NOT NULL
);
CREATE INDEX incidents_by_brand ON incidents (brand_id, state, id);

-- community: what staff say of it, in the languages of customers; rows are only added
CREATE TABLE incident_facts (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	incident_id BIGINT NOT NULL REFERENCES incidents (id),
	number BIGINT NOT NULL,
	en TEXT NOT NULL,
	vi TEXT NOT NULL,
	locked_by BIGINT NOT NULL REFERENCES members (id),
	locked_at BIGINT NOT NULL,
	UNIQUE (incident_id, number)
);

ALTER TABLE cases ADD COLUMN incident_id BIGINT;
CREATE INDEX cases_of_incident ON cases (incident_id, state, id) WHERE incident_id IS NOT NULL;

-- community: the locked facts that an answer carries, as they stand in its text, and a hash of its other words
ALTER TABLE answers ADD COLUMN facts_id BIGINT REFERENCES incident_facts (id);
ALTER TABLE answers ADD COLUMN core TEXT NOT NULL DEFAULT '';
ALTER TABLE answers ADD COLUMN voice TEXT NOT NULL DEFAULT '';
CREATE INDEX answers_with_facts ON answers (facts_id, state, id) WHERE facts_id IS NOT NULL;
CREATE INDEX answers_by_voice ON answers (brand_id, voice) WHERE voice <> '';

-- community: a public word on an incident, and who has approved exactly this text
CREATE TABLE statements (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	incident_id BIGINT NOT NULL REFERENCES incidents (id),
	text TEXT NOT NULL,
	text_hash TEXT NOT NULL,
	state TEXT NOT NULL,
	written_by BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL,
	decided_by BIGINT REFERENCES members (id),
	decided_at BIGINT,
	version BIGINT NOT NULL
);
CREATE INDEX statements_of_incident ON statements (incident_id, id);
CREATE TABLE statement_approvals (
	statement_id BIGINT NOT NULL REFERENCES statements (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	text_hash TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (statement_id, member_id)
);

-- listeners: posts of a brand's own that answer nobody, an outbox beside replies; one a statement and connection
CREATE TABLE announcements (
	id TEXT PRIMARY KEY,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	statement_id BIGINT NOT NULL REFERENCES statements (id),
	text TEXT NOT NULL,
	text_hash TEXT NOT NULL,
	mode TEXT NOT NULL,
	state TEXT NOT NULL,
	due_at BIGINT NOT NULL,
	attempts BIGINT NOT NULL,
	reads BIGINT NOT NULL,
	absent BIGINT NOT NULL,
	started_at BIGINT,
	sent_at BIGINT,
	native_id TEXT NOT NULL,
	url TEXT NOT NULL,
	error TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	version BIGINT NOT NULL,
	UNIQUE (statement_id, connection_id)
);
CREATE INDEX announcements_due ON announcements (due_at) WHERE state IN ('queued', 'sending', 'retry', 'ambiguous', 'held');

-- community: reserve advocates who were called to an incident, once each
CREATE TABLE surge_calls (
	incident_id BIGINT NOT NULL REFERENCES incidents (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	called_by BIGINT NOT NULL REFERENCES members (id),
	called_at BIGINT NOT NULL,
	PRIMARY KEY (incident_id, member_id)
);

CREATE INDEX activities_of_incidents ON activities (brand_id, id) WHERE kind = 'incident';
