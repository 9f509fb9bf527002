-- What helps to answer well: texts to begin with, what was answered before, and words among colleagues.

-- community: texts that a brand keeps ready. A blank in them stands in square brackets.
CREATE TABLE snippets (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	name TEXT NOT NULL,
	text TEXT NOT NULL,
	language TEXT NOT NULL,
	topics TEXT NOT NULL,
	retired BOOLEAN NOT NULL,
	version BIGINT NOT NULL,
	changed_by BIGINT NOT NULL REFERENCES members (id),
	created_at BIGINT NOT NULL,
	changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX snippets_by_name ON snippets (brand_id, name) WHERE NOT retired;
CREATE TABLE snippet_wordings (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	snippet_id BIGINT NOT NULL REFERENCES snippets (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	text TEXT NOT NULL,
	state TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	decided_by BIGINT REFERENCES members (id),
	decided_at BIGINT
);
CREATE UNIQUE INDEX snippet_wordings_open ON snippet_wordings (brand_id, snippet_id, member_id) WHERE state = 'suggested';

-- community: where an answer began. suggestion is what a machine wrote, '' for none; assisted says
-- that most of it is still there.
ALTER TABLE answers ADD COLUMN similar_id BIGINT;
ALTER TABLE answers ADD COLUMN snippet_id BIGINT;
ALTER TABLE answers ADD COLUMN suggestion TEXT NOT NULL DEFAULT '';
ALTER TABLE answers ADD COLUMN assisted BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX answers_by_snippet ON answers (snippet_id) WHERE snippet_id IS NOT NULL;

-- community: the words of approved answers and of the questions they answer, folded, to find similar
-- ones. A question reads the newest rows of each of its words from the primary key alone.
CREATE TABLE answer_words (
	brand_id BIGINT NOT NULL,
	word TEXT NOT NULL,
	answer_id BIGINT NOT NULL,
	PRIMARY KEY (brand_id, word, answer_id)
);
CREATE INDEX answer_words_by_answer ON answer_words (answer_id);

-- community: words among colleagues about a case, which the customer never sees
CREATE TABLE case_notes (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	case_id BIGINT NOT NULL REFERENCES cases (id),
	kind TEXT NOT NULL,
	member_id BIGINT NOT NULL REFERENCES members (id),
	to_id BIGINT REFERENCES members (id),
	about_id BIGINT REFERENCES case_notes (id),
	text TEXT NOT NULL,
	handover TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX case_notes_by_case ON case_notes (case_id, id);
