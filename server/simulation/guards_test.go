package simulation

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// guards are what keeps the invariants, each as the code that is taken out and what stands there instead. The
// product is built without it, the files stay as they are, and one of the seeds must fail.
var guards = []struct{ invariant, file, guard, instead string }{
	{
		"I1: the page and its cursor are stored together", "listeners/round.go",
		"		return p.keep(ctx, tx, c, h)\n	})\n", "		return nil\n	})\n	if err == nil {\n		err = p.Transact(ctx, func(ctx context.Context, tx Tx) error { return p.keep(ctx, tx, c, h) })\n	}\n",
	},
	{"I2: a mention says what was written", "moderation/intake.go", "Reason: p.Reason, Text: p.Text, URL: p.URL,", "Reason: p.Reason, Text: p.Text + \" \", URL: p.URL,"},
	{"I3: the machine", "community/state.go", "SendFailed: Open, CustomerWrote: Open, CustomerSaid: Answered, Solve: Resolved,", "SendFailed: Open, CustomerWrote: Open, CustomerSaid: Answered, Solve: Ignored,"},
	{"I4: only what is free is lent", "community/claim.go", "(holder_id = ? OR held_until <= ?))\", m.ID, now)", "(holder_id = ? OR held_until <= ? OR TRUE))\", m.ID, now)"},
	{"I4: each claim has a number of its own", "community/claim.go", "THEN 0 ELSE 1 END", "THEN 0 ELSE 0 END"},
	{"I5: who lost a claim sends nothing", "community/answer.go", "	if !c.HeldBy(m, tx.Now()) {\n		if c.HolderID != 0", "	if false {\n		if c.HolderID != 0"},
	{"I6: what has to be read waits", "moderation/desk.go", "if err != nil || needed.Why != \"\" {\n		return a, err\n	}\n	err = d.publish", "if err != nil {\n		return a, err\n	}\n	err = d.publish"},
	{"I6: newcomers are read", "moderation/sampling.go", "	case trust <= 0, trust == 1 && beginner:\n		return 1\n", "	case trust <= 0, trust == 1 && beginner:\n		return 0\n"},
	{"I6: as many as it needs", "moderation/desk.go", "return say == Alone && others+1 >= a.Quorum, nil", "return say == Alone, nil"},
	{"I6: the word of some does not count alone", "moderation/desk.go", "	case err != nil || on:\n		return Heard, err\n", "	case err != nil || on:\n		return Alone, err\n"},
	{"I7: the text of a reply is that of its approval", "moderation/desk.go", "Text: a.Text, Mode: asked.Delivery", "Text: a.Text + \" \", Mode: asked.Delivery"},
	{"I8: what is approved is queued", "moderation/desk.go", "	if err := listeners.Queue(ctx, tx, reply); err != nil {\n		return err\n	}\n	if reply.Mode", "	if reply.Mode"},
	{"I9: what was being sent is read back first", "listeners/take.go", "WHEN state = 'held' THEN 'held' ELSE 'ambiguous' END", "WHEN state = 'held' THEN 'held' ELSE 'sending' END"},
	{"I9: a doubt is no failure", "listeners/step.go", "	default: // Ambiguous, Duplicate, Malformed: it may be there\n		r.State, r.DueAt, r.Reads, r.Absent = InDoubt,", "	default:\n		r.State, r.DueAt, r.Reads, r.Absent = Retry,"},
	{"I9: sending is stored before it is sent", "listeners/take.go", "WHEN state IN ('waiting', 'queued', 'retry') THEN 'sending' WHEN", "WHEN state IN ('waiting', 'queued', 'retry') THEN 'retry' WHEN"},
	{"I10: after the last look a person is asked", "listeners/step.go", "	if r.Reads >= len(d.Readback) {\n		r.State = AskHuman\n", "	if r.Reads >= len(d.Readback) {\n		r.State = Queued\n"},
	{"I11: what a rule pays", "gamification/ledger.go", "e.Gross, e.Amount, brakes = t.pay(&e, p)", "e.Gross, e.Amount, brakes = t.pay(&e, p)\n\te.Amount++"},
	{"I12: an approval earns", "moderation/desk.go", "	if author.Role.Employee() {\n		return nil\n	}\n	return community.ThankApproval", "	if true {\n		return nil\n	}\n	return community.ThankApproval"},
	{"I12: what is taken back earns nothing", "moderation/desk.go", "return a, gamification.Reverse(ctx, tx, tx.Now(), community.ReviewEvent(r.ReviewID), gamification.Undone)", "return a, nil"},
	{"I13: nobody decides about their own", "community/review.go", "|| a.MemberID == m.ID {", "|| false {"},
	{"I14: the employees' lane is not the advocates'", "community/member.go", "	return []Lane{Community}\n}", "	return []Lane{Community, Staff}\n}"},
}

// It builds the product twenty times.
func TestTortureGuardsTakenOut(t *testing.T) {
	if !long {
		t.Skip("long: set KITH_TORTURE=1")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range guards {
		t.Run(g.invariant, func(t *testing.T) {
			said, err := without(t, root, g.file, g.guard, g.instead)
			switch {
			case strings.Contains(said, "[build failed]"), strings.Contains(said, "[setup failed]"):
				t.Fatalf("does not build: %s", said)
			case err == nil:
				t.Error("nothing notices that it is gone")
			case !strings.Contains(said, "play it again"):
				t.Errorf("it failed for another reason: %s", said)
			default:
				_, first, _ := strings.Cut(said, "seeds_test.go")
				first, _, _ = strings.Cut(first, "\n\n")
				t.Logf("noticed: %.300s", first)
			}
		})
	}
}

// without plays the seeds with a product that lacks a guard.
func without(t *testing.T, root, file, guard, instead string) (string, error) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), guard); n != 1 {
		t.Fatalf("it is in %s %d times; say in guards where it is now", file, n)
	}
	patched, list := filepath.Join(t.TempDir(), "patched.go"), filepath.Join(t.TempDir(), "overlay.json")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, file): patched}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{patched: []byte(strings.Replace(string(text), guard, instead, 1)), list: overlay} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-overlay", list, "-run", "TestSeedsHoldEveryInvariant", "./server/simulation")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "KITH_TORTURE=", "KITH_SEEDS=20")
	said, err := cmd.CombinedOutput()
	return string(said), err
}
