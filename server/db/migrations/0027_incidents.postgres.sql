-- No statement is posted without the approval of exactly its text by somebody who did not write it.
CREATE FUNCTION announcements_need_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (
		SELECT 1 FROM statements s JOIN statement_approvals a ON a.statement_id = s.id
		WHERE s.id = NEW.statement_id AND s.brand_id = NEW.brand_id AND s.text_hash = NEW.text_hash
			AND a.text_hash = NEW.text_hash AND a.member_id <> s.written_by
	) THEN
		RAISE EXCEPTION 'a statement needs an approval of exactly its text';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER announcements_need_approval BEFORE INSERT ON announcements
	FOR EACH ROW EXECUTE FUNCTION announcements_need_approval();
CREATE TRIGGER announcements_keep_text BEFORE UPDATE OF text, text_hash, statement_id, connection_id ON announcements
	FOR EACH ROW EXECUTE FUNCTION never_changes('the text of a statement never changes');
CREATE TRIGGER incident_facts_no_update BEFORE UPDATE ON incident_facts
	FOR EACH ROW EXECUTE FUNCTION never_changes('locked facts never change');
