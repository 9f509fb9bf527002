-- The loop: people, connections, mentions, cases, answers, replies, points.
-- Times are UTC microseconds, ids are integers, lists and small structures are JSON texts.
-- Each table is owned by the package named above it; nobody else writes to it.
-- What comes in by the page (accounts, cases, mentions) has no foreign keys of its own and no index
-- that nothing asks for: each is paid for a hundred thousand times a month. Their indexes begin with
-- the column that differs most, so that most comparisons end there.

-- community: brands and what they need experts for
CREATE TABLE brands (
	id @id,
	slug TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	language TEXT NOT NULL,
	review_seed TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE TABLE topics (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	name TEXT NOT NULL,
	keywords TEXT NOT NULL,
	UNIQUE (brand_id, name)
);

-- server/access: who signs in
CREATE TABLE persons (
	id @id,
	email TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	language TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	epoch BIGINT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE TABLE sessions (
	token TEXT PRIMARY KEY,
	data @bytes NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE TABLE sign_in_links (
	hash TEXT PRIMARY KEY,
	person_id BIGINT NOT NULL REFERENCES persons (id),
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT
);
CREATE INDEX sign_in_links_by_end ON sign_in_links (expires_at);
CREATE TABLE api_tokens (
	id @id,
	person_id BIGINT NOT NULL REFERENCES persons (id),
	name TEXT NOT NULL,
	hash TEXT NOT NULL UNIQUE,
	scopes TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	used_at BIGINT,
	revoked_at BIGINT
);
CREATE INDEX api_tokens_by_person ON api_tokens (person_id);

-- community: a person's part in a brand
CREATE TABLE members (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	person_id BIGINT NOT NULL REFERENCES persons (id),
	role TEXT NOT NULL,
	state TEXT NOT NULL,
	trust BIGINT NOT NULL,
	public_name TEXT NOT NULL,
	sign_off TEXT NOT NULL,
	languages TEXT NOT NULL,
	topics TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	UNIQUE (brand_id, person_id)
);
CREATE INDEX members_by_person ON members (person_id);

-- listeners: accounts that a brand listens with, and what they heard
CREATE TABLE connections (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	network TEXT NOT NULL,
	native_id TEXT NOT NULL,
	handle TEXT NOT NULL,
	settings TEXT NOT NULL,
	secrets @bytes,
	state TEXT NOT NULL,
	cursor TEXT NOT NULL,
	fetch_at BIGINT NOT NULL,
	lease_until BIGINT,
	fence BIGINT NOT NULL,
	failures BIGINT NOT NULL,
	error TEXT NOT NULL,
	heard_at BIGINT,
	created_at BIGINT NOT NULL,
	UNIQUE (brand_id, network, native_id)
);
CREATE INDEX connections_due ON connections (fetch_at) WHERE state = 'on';
CREATE TABLE accounts (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	network TEXT NOT NULL,
	native_id TEXT NOT NULL,
	handle TEXT NOT NULL,
	name TEXT NOT NULL,
	seen_at BIGINT NOT NULL,
	UNIQUE (native_id, brand_id, network)
);

-- community: one customer's conversation with a brand
CREATE TABLE cases (
	id @id,
	brand_id BIGINT NOT NULL,
	connection_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	network TEXT NOT NULL,
	thread_key TEXT NOT NULL,
	state TEXT NOT NULL,
	lane TEXT NOT NULL,
	lane_why TEXT NOT NULL,
	language TEXT NOT NULL,
	topic_id BIGINT NOT NULL,
	urgency @float NOT NULL,
	due_at BIGINT NOT NULL,
	delivery TEXT NOT NULL,
	delivery_why TEXT NOT NULL,
	mention_id BIGINT NOT NULL,
	mentions BIGINT NOT NULL,
	opened_at BIGINT NOT NULL,
	customer_at BIGINT NOT NULL,
	answered_at BIGINT,
	answered_by BIGINT REFERENCES members (id),
	first_answer_at BIGINT,
	holder_id BIGINT REFERENCES members (id),
	held_until BIGINT,
	fence BIGINT NOT NULL,
	version BIGINT NOT NULL,
	UNIQUE (account_id, thread_key)
);
CREATE INDEX cases_feed ON cases (brand_id, lane, language, topic_id, due_at, id) WHERE state = 'open';
CREATE INDEX cases_by_state ON cases (brand_id, state, id) WHERE state NOT IN ('open', 'ignored');
CREATE INDEX cases_held ON cases (holder_id) WHERE holder_id IS NOT NULL;
CREATE INDEX cases_leases ON cases (held_until) WHERE state = 'claimed';

-- listeners
CREATE TABLE mentions (
	id @id,
	brand_id BIGINT NOT NULL,
	connection_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	case_id BIGINT,
	network TEXT NOT NULL,
	native_id TEXT NOT NULL,
	parent_id TEXT NOT NULL,
	thread_key TEXT NOT NULL,
	to_id TEXT NOT NULL,
	ours BOOLEAN NOT NULL,
	reason TEXT NOT NULL,
	text TEXT NOT NULL,
	url TEXT NOT NULL,
	delivery TEXT NOT NULL,
	delivery_why TEXT NOT NULL,
	score TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	UNIQUE (native_id, brand_id, network)
);
CREATE INDEX mentions_by_case ON mentions (case_id, created_at) WHERE case_id IS NOT NULL;
CREATE INDEX mentions_ours_alone ON mentions (brand_id, network, thread_key) WHERE ours AND case_id IS NULL;
CREATE TABLE mention_sources (
	mention_id BIGINT NOT NULL REFERENCES mentions (id),
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	PRIMARY KEY (mention_id, connection_id)
);
CREATE TABLE dead_letters (
	id @id,
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	raw @bytes NOT NULL,
	reason TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

-- community: what members write
CREATE TABLE answers (
	id @id,
	brand_id BIGINT NOT NULL,
	case_id BIGINT NOT NULL REFERENCES cases (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	mention_id BIGINT NOT NULL REFERENCES mentions (id),
	state TEXT NOT NULL,
	text TEXT NOT NULL,
	why_reviewed TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	submitted_at BIGINT,
	decided_at BIGINT
);
CREATE UNIQUE INDEX answers_in_writing ON answers (case_id, member_id) WHERE state IN ('draft', 'returned');
CREATE UNIQUE INDEX answers_in_review ON answers (case_id) WHERE state = 'submitted';
CREATE INDEX answers_queue ON answers (brand_id, submitted_at, id) WHERE state = 'submitted';
CREATE INDEX answers_by_case ON answers (case_id, id);
CREATE INDEX answers_by_member ON answers (member_id, id);

-- moderation: each decision over an answer, by a person or by a rule
CREATE TABLE reviews (
	id @id,
	brand_id BIGINT NOT NULL,
	answer_id BIGINT NOT NULL REFERENCES answers (id),
	reviewer_id BIGINT REFERENCES members (id),
	rule TEXT NOT NULL,
	decision TEXT NOT NULL,
	reason TEXT NOT NULL,
	edited BOOLEAN NOT NULL,
	text_hash TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	CHECK ((reviewer_id IS NULL) <> (rule = ''))
);
CREATE INDEX reviews_by_answer ON reviews (answer_id, id);

-- listeners: the outbox
CREATE TABLE replies (
	id TEXT PRIMARY KEY,
	brand_id BIGINT NOT NULL,
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	case_id BIGINT NOT NULL REFERENCES cases (id),
	answer_id BIGINT NOT NULL REFERENCES answers (id),
	mention_id BIGINT NOT NULL REFERENCES mentions (id),
	review_id BIGINT NOT NULL REFERENCES reviews (id),
	parent_id TEXT NOT NULL,
	text TEXT NOT NULL,
	text_hash TEXT NOT NULL,
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
	version BIGINT NOT NULL
);
CREATE UNIQUE INDEX replies_one_in_flight ON replies (mention_id)
	WHERE state IN ('waiting', 'queued', 'sending', 'retry', 'ambiguous', 'ask_human', 'held');
CREATE INDEX replies_due ON replies (due_at)
	WHERE state IN ('waiting', 'queued', 'sending', 'retry', 'ambiguous');
CREATE INDEX replies_by_case ON replies (case_id);
CREATE INDEX replies_by_answer ON replies (answer_id);
CREATE INDEX replies_on_network ON replies (connection_id, native_id) WHERE native_id <> '';
CREATE INDEX replies_not_there ON replies (parent_id) WHERE native_id = '';

-- gamification: the ledger
CREATE TABLE point_entries (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	case_id BIGINT REFERENCES cases (id),
	event TEXT NOT NULL,
	rule TEXT NOT NULL,
	rule_version BIGINT NOT NULL,
	amount BIGINT NOT NULL,
	reverses_id BIGINT UNIQUE REFERENCES point_entries (id),
	created_at BIGINT NOT NULL,
	matures_at BIGINT NOT NULL,
	UNIQUE (event, rule, member_id)
);
CREATE INDEX point_entries_by_member ON point_entries (member_id, id);

-- community: the history of everything, and what a member should hear of
CREATE TABLE activities (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	case_id BIGINT,
	actor_id BIGINT,
	kind TEXT NOT NULL,
	lane TEXT NOT NULL,
	detail TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX activities_by_case ON activities (case_id, id) WHERE case_id IS NOT NULL;
CREATE TABLE notices (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	case_id BIGINT,
	kind TEXT NOT NULL,
	event TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	read_at BIGINT,
	UNIQUE (member_id, event)
);
CREATE INDEX notices_unread ON notices (member_id, id) WHERE read_at IS NULL;
