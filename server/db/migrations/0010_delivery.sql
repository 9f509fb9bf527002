-- How answers leave: by priority and at the network's pace, and by a member's own hand.

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
