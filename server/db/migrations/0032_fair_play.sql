-- gamification: a look that a person should take at how some points were earned. evidence is JSON.
CREATE TABLE fair_cases (
	id @id,
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	detector TEXT NOT NULL,
	state TEXT NOT NULL,
	evidence TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	until_at BIGINT NOT NULL,
	decided_by BIGINT REFERENCES members (id),
	decided_at BIGINT,
	word TEXT NOT NULL,
	appeal TEXT NOT NULL,
	appealed_at BIGINT,
	appeal_state TEXT NOT NULL,
	appeal_by BIGINT REFERENCES members (id),
	appeal_ends_at BIGINT,
	appeal_word TEXT NOT NULL
);
CREATE UNIQUE INDEX fair_cases_open ON fair_cases (member_id, detector) WHERE state = 'open';
CREATE INDEX fair_cases_by_member ON fair_cases (member_id, id);
CREATE INDEX fair_cases_by_brand ON fair_cases (brand_id, id);
CREATE INDEX fair_cases_until ON fair_cases (until_at) WHERE state = 'open';

-- gamification: entries under review, each once and for seven days at most. The ledger itself stays as it is.
CREATE TABLE point_freezes (
	entry_id BIGINT PRIMARY KEY REFERENCES point_entries (id),
	fair_id BIGINT NOT NULL REFERENCES fair_cases (id),
	member_id BIGINT NOT NULL REFERENCES members (id),
	since BIGINT NOT NULL,
	until BIGINT NOT NULL,
	gone_at BIGINT,
	CHECK (until BETWEEN since AND since + 604800000000)
);
CREATE INDEX point_freezes_of_member ON point_freezes (member_id, until);
CREATE INDEX point_freezes_of_case ON point_freezes (fair_id);

-- gamification: when a detector ran over a brand last
CREATE TABLE fair_looks (
	brand_id BIGINT NOT NULL REFERENCES brands (id),
	detector TEXT NOT NULL,
	looked_at BIGINT NOT NULL,
	PRIMARY KEY (brand_id, detector)
);

-- what detectors read: entries of a brand by time, those that a peer gave, approved answers by time, and what employees said of handovers
CREATE INDEX point_entries_by_time ON point_entries (brand_id, created_at);
CREATE INDEX point_entries_given ON point_entries (brand_id, created_at) WHERE giver_id IS NOT NULL;
CREATE INDEX answers_approved ON answers (brand_id, decided_at) WHERE state = 'approved';
CREATE INDEX activities_of_handovers ON activities (brand_id, created_at) WHERE kind IN ('handover_right', 'handover_needless');
