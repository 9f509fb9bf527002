package community

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"github.com/kith-social/kith/clock"
)

// Note is a word among colleagues about a case. The customer never sees it.
type Note struct {
	bun.BaseModel `bun:"table:case_notes,alias:note"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	CaseID    int64
	Kind      NoteKind
	MemberID  int64
	ToID      int64 `bun:",nullzero"` // the peer whose opinion is asked
	AboutID   int64 `bun:",nullzero"` // the question that a reply answers
	Text      string
	Handover  Handover `bun:"type:text"`
	CreatedAt clock.Time
}

// NoteKind is what a note is for.
type NoteKind string

// The kinds of notes.
const (
	NoteQuestion NoteKind = "question" // to the brand's own people
	NoteOpinion  NoteKind = "opinion"  // what a peer thinks
	NoteReply    NoteKind = "reply"    // to one of these
	NoteAside    NoteKind = "note"     // to whoever goes on with the case
	NoteHandover NoteKind = "handover" // what staff need to go on, see Handover
)

// trustedPeer is the trust level from which a member is asked for an opinion.
const trustedPeer = 2

const longestNote = 2000

// ErrNotAPeer is told where the one who is asked may not see the case, or is not trusted enough yet.
var ErrNotAPeer = errors.New("this member cannot be asked about this case")

// AskStaff puts a question to the brand's own people; all of them hear of it, the first answers.
func AskStaff(ctx context.Context, tx Tx, m *Member, caseID int64, text string) (Note, error) {
	n, c, err := newNote(ctx, tx, m, caseID, NoteQuestion, text)
	if err != nil {
		return n, err
	}
	members, err := Members(ctx, tx, m.BrandID)
	if err != nil {
		return n, err
	}
	if err := n.store(ctx, tx); err != nil {
		return n, err
	}
	for _, id := range sortedIDs(members) {
		if to := members[id]; to.ID != m.ID && to.Role.Employee() && to.State == Active {
			if err := tell(ctx, tx, &c, to.ID, StaffAsked, fmt.Sprintf("asked:%d", n.ID)); err != nil {
				return n, err
			}
		}
	}
	return n, record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: StaffAsked, Lane: c.Lane})
}

// AskPeer asks one trusted peer what they think.
func AskPeer(ctx context.Context, tx Tx, m *Member, caseID, peerID int64, text string) (Note, error) {
	n, c, err := newNote(ctx, tx, m, caseID, NoteOpinion, text)
	if err != nil {
		return n, err
	}
	peers, err := Peers(ctx, tx, m, &c)
	if err != nil {
		return n, err
	}
	if !slices.ContainsFunc(peers, func(p Member) bool { return p.ID == peerID }) {
		return n, ErrNotAPeer
	}
	n.ToID = peerID
	if err := n.store(ctx, tx); err != nil {
		return n, err
	}
	if err := tell(ctx, tx, &c, peerID, OpinionAsked, fmt.Sprintf("opinion:%d", n.ID)); err != nil {
		return n, err
	}
	return n, record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: OpinionAsked, Lane: c.Lane, Detail: Detail{Member: peerID},
	})
}

// AddNote keeps a remark for whoever goes on with a case.
func AddNote(ctx context.Context, tx Tx, m *Member, caseID int64, text string) (Note, error) {
	n, c, err := newNote(ctx, tx, m, caseID, NoteAside, text)
	if err != nil {
		return n, err
	}
	if err := n.store(ctx, tx); err != nil {
		return n, err
	}
	members, err := Members(ctx, tx, m.BrandID)
	if err != nil {
		return n, err
	}
	for _, named := range namedIn(n.Text, members) {
		if named.ID == m.ID || !named.MaySee(&c) {
			continue
		}
		if err := tell(ctx, tx, &c, named.ID, Mentioned, fmt.Sprintf("mentioned:%d", n.ID)); err != nil {
			return n, err
		}
		err := record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: Mentioned, Lane: c.Lane, Detail: Detail{Member: named.ID}})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// namedIn are the members whom a text names as "@" and their public name, whatever its case, in the order of their
// ids. Of names that begin alike the longest is meant.
func namedIn(text string, members map[int64]Member) []Member {
	all := slices.Collect(maps.Values(members))
	slices.SortFunc(all, func(a, b Member) int {
		return cmp.Or(cmp.Compare(len(b.PublicName), len(a.PublicName)), cmp.Compare(a.ID, b.ID))
	})
	found := map[int64]Member{}
	text = norm.NFC.String(strings.ToLower(text))
	for at := strings.IndexByte(text, '@'); at >= 0; at = strings.IndexByte(text, '@') {
		text = text[at+1:]
		for _, m := range all {
			rest, ok := strings.CutPrefix(text, norm.NFC.String(strings.ToLower(m.PublicName)))
			if next, _ := utf8.DecodeRuneInString(rest); ok && !unicode.IsLetter(next) && !unicode.IsDigit(next) {
				found[m.ID] = m
				break
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
}

// ReplyToNote answers a question: staff any of them, a peer the one that was put to them. Who asked
// hears of it, and may go on asking who answered.
func ReplyToNote(ctx context.Context, tx Tx, m *Member, noteID int64, text string) (Note, error) {
	var asked Note
	if err := tx.NewSelect().Model(&asked).Where("id = ? AND brand_id = ?", noteID, m.BrandID).Scan(ctx); err != nil {
		return asked, fmt.Errorf("find note %d: %w", noteID, err)
	}
	c, err := FindCase(ctx, tx, m, asked.CaseID)
	if err != nil {
		return asked, err
	}
	if !asked.mayRead(m) {
		return asked, fmt.Errorf("find note %d: %w", noteID, sql.ErrNoRows)
	}
	if !asked.MayReply(m) {
		return asked, ErrNotAllowed
	}
	to := asked.MemberID
	if to == m.ID {
		if to, err = whoReplied(ctx, tx, &asked); err != nil {
			return asked, err
		}
	}
	n := Note{BrandID: c.BrandID, CaseID: c.ID, Kind: NoteReply, MemberID: m.ID, ToID: to, AboutID: asked.ID, Text: text}
	if err := n.store(ctx, tx); err != nil {
		return n, err
	}
	if err := tell(ctx, tx, &c, to, NoteAnswered, fmt.Sprintf("replied:%d", n.ID)); err != nil {
		return n, err
	}
	return n, record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: NoteAnswered, Lane: c.Lane, Detail: Detail{Member: to},
	})
}

// whoReplied is the member who answered a question last, or of whom it was asked; 0 for nobody yet.
func whoReplied(ctx context.Context, tx Tx, asked *Note) (int64, error) {
	var ids []int64
	err := tx.NewSelect().Model((*Note)(nil)).Column("member_id").
		Where("case_id = ? AND about_id = ? AND member_id <> ?", asked.CaseID, asked.ID, asked.MemberID).Order("id DESC").Limit(1).Scan(ctx, &ids)
	if err != nil {
		return 0, fmt.Errorf("find who answered note %d: %w", asked.ID, err)
	}
	if len(ids) == 0 {
		return asked.ToID, nil
	}
	return ids[0], nil
}

// newNote is a note by somebody who may answer the case, not stored yet.
func newNote(ctx context.Context, tx Tx, m *Member, caseID int64, kind NoteKind, text string) (Note, Case, error) {
	c, err := FindCase(ctx, tx, m, caseID)
	if err != nil {
		return Note{}, c, err
	}
	if !m.MayAnswer(&c) {
		return Note{}, c, ErrNotAllowed
	}
	return Note{BrandID: c.BrandID, CaseID: c.ID, Kind: kind, MemberID: m.ID, Text: text}, c, nil
}

func (n *Note) store(ctx context.Context, tx Tx) error {
	n.Text, n.CreatedAt = strings.TrimSpace(n.Text), tx.Now()
	switch {
	case n.Text == "" && n.Kind != NoteHandover:
		return &Invalid{"note", "write a few words first"}
	case len(n.Text) > longestNote || !Storable(n.Text):
		return &Invalid{"note", "this note is too long, or has characters that cannot be stored"}
	}
	if _, err := tx.NewInsert().Model(n).Exec(ctx); err != nil {
		return fmt.Errorf("store a note on case %d: %w", n.CaseID, err)
	}
	return nil
}

// MayReply tells whether a member may answer a question, or go on with their own.
func (n *Note) MayReply(m *Member) bool {
	if n.Kind != NoteQuestion && n.Kind != NoteOpinion {
		return false
	}
	return n.MemberID == m.ID || n.ToID == m.ID || m.Role.Employee()
}

// mayRead tells whether a note is a member's business: employees read all, everybody what they wrote,
// what is for them, and remarks that are for whoever goes on.
func (n *Note) mayRead(m *Member) bool {
	return m.Role.Employee() || n.MemberID == m.ID || n.ToID == m.ID || n.Kind == NoteAside
}

// Notes reads the notes on a case that a member may read, oldest first.
func Notes(ctx context.Context, db bun.IDB, m *Member, c *Case) ([]Note, error) {
	var all []Note
	if err := db.NewSelect().Model(&all).Where("case_id = ? AND brand_id = ?", c.ID, m.BrandID).Order("id").Limit(200).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the notes on case %d: %w", c.ID, err)
	}
	if !m.MaySee(c) {
		return nil, nil
	}
	return slices.DeleteFunc(all, func(n Note) bool { return !n.mayRead(m) }), nil
}

// Peers are whom a member may ask about a case, by name: trusted advocates, and experts who know its topic.
func Peers(ctx context.Context, db bun.IDB, m *Member, c *Case) ([]Member, error) {
	members, err := Members(ctx, db, m.BrandID)
	if err != nil {
		return nil, err
	}
	var peers []Member
	for _, p := range members {
		if p.ID != m.ID && (p.Role == Advocate && p.Trust >= trustedPeer || p.Role == Expert && p.Knows(c)) && p.MaySee(c) {
			peers = append(peers, p)
		}
	}
	slices.SortFunc(peers, byPublicName)
	return peers, nil
}

func sortedIDs(members map[int64]Member) []int64 {
	ids := make([]int64, 0, len(members))
	for id := range members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
