-- No statement is posted without the approval of exactly its text by somebody who did not write it.
CREATE TRIGGER announcements_need_approval BEFORE INSERT ON announcements
WHEN NOT EXISTS (
	SELECT 1 FROM statements s JOIN statement_approvals a ON a.statement_id = s.id
	WHERE s.id = NEW.statement_id AND s.brand_id = NEW.brand_id AND s.text_hash = NEW.text_hash
		AND a.text_hash = NEW.text_hash AND a.member_id <> s.written_by
)
BEGIN
	SELECT RAISE(ABORT, 'a statement needs an approval of exactly its text');
END;
CREATE TRIGGER announcements_keep_text BEFORE UPDATE OF text, text_hash, statement_id, connection_id ON announcements
BEGIN
	SELECT RAISE(ABORT, 'the text of a statement never changes');
END;
CREATE TRIGGER incident_facts_no_update BEFORE UPDATE ON incident_facts
BEGIN
	SELECT RAISE(ABORT, 'locked facts never change');
END;
