-- No reply is given other words without an approval of exactly these.
CREATE TRIGGER changes_need_approval BEFORE INSERT ON changes
WHEN NEW.kind = 'edit' AND NOT EXISTS (
	SELECT 1 FROM reviews r
	WHERE r.id = NEW.review_id AND r.answer_id = NEW.answer_id AND r.brand_id = NEW.brand_id
		AND r.decision = 'approved' AND r.text_hash = NEW.text_hash
)
BEGIN
	SELECT RAISE(ABORT, 'a correction needs an approval of exactly its text');
END;
CREATE TRIGGER changes_keep_text BEFORE UPDATE OF kind, text, text_hash, review_id, answer_id, native_id ON changes
BEGIN
	SELECT RAISE(ABORT, 'what a change is to do never changes');
END;
