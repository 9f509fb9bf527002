-- What trust is made of, and what keeps people well.

-- community: a customer who rages; some members would rather not see such cases, and need not
ALTER TABLE cases ADD COLUMN hostile BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE members ADD COLUMN shield BOOLEAN NOT NULL DEFAULT FALSE;

-- community: who let an answer out or gave it back; NULL where a rule did
ALTER TABLE answers ADD COLUMN reviewer_id BIGINT REFERENCES members (id);
