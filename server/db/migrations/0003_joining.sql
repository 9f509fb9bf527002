-- How people come to a brand, and go.

-- community: why a member is in their state and until when, and their own names on networks
ALTER TABLE members ADD COLUMN state_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN suspended_until BIGINT;
ALTER TABLE members ADD COLUMN handles TEXT NOT NULL DEFAULT '{}';
CREATE INDEX members_suspended ON members (suspended_until) WHERE state = 'suspended' AND suspended_until IS NOT NULL;
CREATE INDEX activities_of_members ON activities (brand_id, id)
	WHERE kind IN ('member_added', 'member_accepted', 'member_suspended', 'member_reinstated', 'member_left');

-- community: one-time ways in that staff make, stored by hash only; account_id is the customer who was
-- found helping others, proven the topics in which they did
CREATE TABLE invitations (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	hash TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	note TEXT NOT NULL,
	topics TEXT NOT NULL,
	proven TEXT NOT NULL,
	level BIGINT NOT NULL,
	account_id BIGINT,
	made_by BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	revoked_at BIGINT
);
CREATE INDEX invitations_by_brand ON invitations (brand_id, id);
CREATE INDEX invitations_of_customers ON invitations (brand_id) WHERE account_id IS NOT NULL;

-- community: who wants to take part, what they agreed to, and what became of it
CREATE TABLE applications (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	person_id BIGINT NOT NULL REFERENCES persons (id),
	invitation_id BIGINT REFERENCES invitations (id),
	state TEXT NOT NULL,
	public_name TEXT NOT NULL,
	motivation TEXT NOT NULL,
	topics TEXT NOT NULL,
	languages TEXT NOT NULL,
	hours TEXT NOT NULL,
	networks TEXT NOT NULL,
	handles TEXT NOT NULL,
	code_version BIGINT NOT NULL,
	agreed_at BIGINT NOT NULL,
	reason TEXT NOT NULL,
	decided_by BIGINT REFERENCES members (id),
	decided_at BIGINT,
	created_at BIGINT NOT NULL,
	version BIGINT NOT NULL
);
CREATE UNIQUE INDEX applications_one_open ON applications (brand_id, person_id) WHERE state IN ('applied', 'testing', 'tested');
CREATE INDEX applications_waiting ON applications (brand_id, id) WHERE state IN ('applied', 'testing', 'tested');
CREATE INDEX applications_by_brand ON applications (brand_id, id);
CREATE INDEX applications_by_person ON applications (person_id, id);

-- community: practice cases that a brand's people added to those of the starter pack
CREATE TABLE practice_cases (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	topic_id BIGINT NOT NULL REFERENCES topics (id),
	language TEXT NOT NULL,
	question TEXT NOT NULL,
	choices TEXT NOT NULL,
	answer BIGINT NOT NULL,
	why TEXT NOT NULL,
	source TEXT NOT NULL,
	made_by BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL
);
CREATE INDEX practice_cases_by_topic ON practice_cases (brand_id, topic_id, id);

-- community: one test of one topic, with the cases as they were asked
CREATE TABLE tests (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	person_id BIGINT NOT NULL REFERENCES persons (id),
	topic_id BIGINT NOT NULL REFERENCES topics (id),
	version TEXT NOT NULL,
	cases TEXT NOT NULL,
	given TEXT NOT NULL,
	passed BOOLEAN NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at BIGINT
);
CREATE UNIQUE INDEX tests_under_way ON tests (brand_id, person_id, topic_id) WHERE ended_at IS NULL;
CREATE INDEX tests_by_person ON tests (person_id, brand_id, id);

-- listeners: customers' posts that answer another post, for finding who helps whom
CREATE INDEX mentions_between ON mentions (brand_id, created_at) WHERE parent_id <> '' AND NOT ours;

-- community: what solved a case, to practise on
CREATE INDEX answers_solved ON answers (brand_id, id) WHERE outcome = 'solved';
