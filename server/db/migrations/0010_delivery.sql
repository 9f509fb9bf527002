-- How answers leave: by priority and at the network's pace, by a member's own hand, and how they are changed afterwards.

-- listeners: deadline is the case's, so that what is most urgent leaves first; tried_at is the latest
-- request, by which the pace is kept
ALTER TABLE replies ADD COLUMN deadline BIGINT NOT NULL DEFAULT 0;
ALTER TABLE replies ADD COLUMN tried_at BIGINT;
DROP INDEX replies_one_in_flight;
CREATE UNIQUE INDEX replies_one_in_flight ON replies (mention_id)
	WHERE state IN ('waiting', 'queued', 'sending', 'retry', 'ambiguous', 'ask_human', 'held', 'by_hand');
DROP INDEX replies_due;
CREATE INDEX replies_to_send ON replies (connection_id, due_at) WHERE state IN ('waiting', 'queued', 'retry');
CREATE INDEX replies_to_read ON replies (due_at) WHERE state IN ('sending', 'ambiguous', 'held');
CREATE INDEX replies_by_hand ON replies (due_at) WHERE state = 'by_hand';
CREATE INDEX replies_pace ON replies (connection_id, tried_at) WHERE tried_at IS NOT NULL;

-- listeners: before send_at the connection posts nothing, because the network said so
ALTER TABLE connections ADD COLUMN send_at BIGINT;
CREATE INDEX mentions_ours_to ON mentions (parent_id) WHERE ours;

-- community: the name that a member has on a network of their own, under which they answer there
CREATE TABLE member_accounts (
	member_id BIGINT NOT NULL REFERENCES members (id),
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	name TEXT NOT NULL,
	set_by BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (member_id, connection_id)
);

-- listeners: what is changed on the network after it was posted: an own reply edited or deleted, a
-- customer's comment hidden or shown again
CREATE TABLE corrections (
	id TEXT PRIMARY KEY,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	case_id BIGINT NOT NULL REFERENCES cases (id),
	reply_id TEXT REFERENCES replies (id),
	mention_id BIGINT REFERENCES mentions (id),
	review_id BIGINT REFERENCES reviews (id),
	what TEXT NOT NULL,
	native_id TEXT NOT NULL,
	text TEXT NOT NULL,
	reason TEXT NOT NULL,
	actor_id BIGINT REFERENCES members (id),
	state TEXT NOT NULL,
	due_at BIGINT NOT NULL,
	attempts BIGINT NOT NULL,
	error TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	done_at BIGINT,
	version BIGINT NOT NULL,
	CHECK ((reply_id IS NULL) <> (mention_id IS NULL)),
	CHECK (what <> 'edit' OR review_id IS NOT NULL OR state = 'proposed')
);
CREATE UNIQUE INDEX corrections_one_in_flight ON corrections (connection_id, native_id)
	WHERE state IN ('proposed', 'queued', 'doing', 'ask_human');
CREATE INDEX corrections_due ON corrections (due_at) WHERE state IN ('queued', 'doing');
CREATE INDEX corrections_by_case ON corrections (case_id);
