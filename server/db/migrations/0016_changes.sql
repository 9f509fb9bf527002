-- What happens to posts that are on a network: replies are corrected and deleted, customers' posts hidden.

-- listeners: an outbox beside replies. kind is edit, delete, hide or show; what is asked for is how the
-- post is to be, so that doing it twice does no more than doing it once. before is what stood there. why is
-- a code and note what a person said; by is the member who asked, NULL for a rule.
CREATE TABLE changes (
	id TEXT PRIMARY KEY,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	connection_id BIGINT NOT NULL REFERENCES connections (id),
	case_id BIGINT NOT NULL REFERENCES cases (id),
	mention_id BIGINT,
	reply_id TEXT NOT NULL,
	answer_id BIGINT REFERENCES answers (id),
	review_id BIGINT REFERENCES reviews (id),
	member_id BIGINT REFERENCES members (id),
	native_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	text TEXT NOT NULL,
	text_hash TEXT NOT NULL,
	before TEXT NOT NULL,
	why TEXT NOT NULL,
	note TEXT NOT NULL,
	reopen BOOLEAN NOT NULL,
	state TEXT NOT NULL,
	due_at BIGINT NOT NULL,
	attempts BIGINT NOT NULL,
	reads BIGINT NOT NULL,
	absent BIGINT NOT NULL,
	error TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	done_at BIGINT,
	version BIGINT NOT NULL
);
CREATE UNIQUE INDEX changes_one_in_flight ON changes (native_id, connection_id) WHERE state IN ('queued', 'doing', 'ambiguous');
CREATE INDEX changes_due ON changes (due_at) WHERE state IN ('queued', 'doing', 'ambiguous');
CREATE INDEX changes_by_case ON changes (case_id, id);

-- listeners: since when the brand hides a post; whether comments that hold a phone number are hidden
ALTER TABLE mentions ADD COLUMN hidden_at BIGINT;
ALTER TABLE connections ADD COLUMN hide_phones BOOLEAN NOT NULL DEFAULT FALSE;

-- community: the answer whose reply on the network this one is to replace. It waits for its review beside
-- whatever else waits in the case.
ALTER TABLE answers ADD COLUMN corrects_id BIGINT REFERENCES answers (id);
DROP INDEX answers_in_review;
CREATE UNIQUE INDEX answers_in_review ON answers (case_id) WHERE state = 'submitted' AND corrects_id IS NULL;
CREATE UNIQUE INDEX answers_correcting ON answers (corrects_id) WHERE state = 'submitted' AND corrects_id IS NOT NULL;
