package community

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
)

// A ranking is for fun, and orders members by how good their answers are and never by how many: by Record.Bound over
// the answers of a season, as trust does over the latest ones. Employees are not ranked, and who would rather not be
// is in no ranking at all.

// SeasonRules are how a brand has seasons.
type SeasonRules struct {
	On      bool   `json:"on"`
	Weekday int    `json:"weekday"` // on which seasons and weeks begin, 0 for Sunday
	Zone    string `json:"zone"`    // in which the day begins
	Quests  bool   `json:"quests"`  // a team quest is chosen every week by itself
}

// DefaultSeasons is what holds where a brand has set nothing.
var DefaultSeasons = SeasonRules{On: true, Weekday: int(time.Monday), Zone: "Asia/Ho_Chi_Minh", Quests: true}

// Section names the setting.
func (SeasonRules) Section() string { return "seasons" }

// Check says what cannot be so.
func (r SeasonRules) Check() error {
	if r.Weekday < int(time.Sunday) || r.Weekday > int(time.Saturday) {
		return &Invalid{"weekday", "there is no such choice"}
	}
	if _, err := time.LoadLocation(r.Zone); err != nil || r.Zone == "" || len(r.Zone) > 64 {
		return &Invalid{"zone", "choose a time zone from the list"}
	}
	return nil
}

// Place is the zone in which the brand's days begin.
func (r SeasonRules) Place() *time.Location {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Week is when the week of a moment begins and ends.
func (r SeasonRules) Week(now clock.Time) (from, to clock.Time) {
	start := gamification.LatestMidnight(now, time.Weekday(r.Weekday), r.Place())
	return clock.At(start), clock.At(start.AddDate(0, 0, 7))
}

// Contest is what the ranking of some time is made from.
type Contest struct {
	Records map[int64]Record // of answers judged within, and what was carried into it
	Fresh   map[int64]Record // of those judged within
	Impacts map[int64]gamification.Impact
	Members map[int64]Member
	lot     string
}

// ContestOf reads what members of a brand did from a moment until before another, in a few statements however many
// they are. number is that of the season, from whose predecessor something is carried; 0 for none.
func ContestOf(ctx context.Context, db bun.IDB, brandID int64, number int, from, to clock.Time) (Contest, error) {
	c := Contest{lot: fmt.Sprintf("%d:%d", brandID, number)}
	var err error
	if c.Members, err = Members(ctx, db, brandID); err != nil {
		return c, err
	}
	if c.Fresh, err = judgedWithin(ctx, db, brandID, from, to); err != nil {
		return c, err
	}
	if c.Impacts, err = gamification.Impacts(ctx, db, brandID, from, to); err != nil {
		return c, err
	}
	c.Records = make(map[int64]Record, len(c.Fresh))
	for id, r := range c.Fresh {
		c.Records[id] = r
	}
	if number <= 1 {
		return c, nil
	}
	before, err := gamification.PlacesOf(ctx, db, brandID, number-1)
	for _, p := range before {
		pieces, good := gamification.Carried(p.Pieces, p.Good)
		r := c.Records[p.MemberID]
		if pieces += r.Pieces; pieces > 0 {
			c.Records[p.MemberID] = Record{Pieces: pieces, Good: good + r.Good}
		}
	}
	return c, err
}

// judgedWithin adds up the judged answers of some time. What counts and what is good about it Piece says, as for
// trust. What customers who are members themselves said counts for nothing.
func judgedWithin(ctx context.Context, db bun.IDB, brandID int64, from, to clock.Time) (map[int64]Record, error) {
	var kinds []struct {
		Piece `bun:",extend"`
		N     int
	}
	err := db.NewSelect().TableExpr("answers AS a").ColumnExpr("a.member_id, a.state, a.outcome").
		ColumnExpr("CASE WHEN a.returns > 0 THEN 1 ELSE 0 END AS returns").
		ColumnExpr("CAST(CASE WHEN a.kept IS NULL THEN NULL WHEN a.kept < ? THEN 0 ELSE 1 END AS DOUBLE PRECISION) AS kept", AsWritten).
		ColumnExpr("COUNT(*) AS n").
		Where("a.brand_id = ? AND a.decided_at >= ? AND a.decided_at < ?", brandID, from, to).Where(judgedAnswers).
		Where("NOT EXISTS (SELECT 1 FROM pastes AS p WHERE p.case_id = a.case_id AND p.member_id = a.member_id)").
		Where(`a.case_id NOT IN (SELECT e.case_id FROM point_entries AS e WHERE e.brand_id = ? AND e.matures_at >= ? AND e.brake LIKE '%linked%' AND e.case_id IS NOT NULL)`, brandID, from).
		GroupExpr("1, 2, 3, 4, 5").Scan(ctx, &kinds)
	if err != nil {
		return nil, fmt.Errorf("add up the judged answers of brand %d: %w", brandID, err)
	}
	records := map[int64]Record{}
	for i := range kinds {
		k := &kinds[i]
		if !k.counts() {
			continue
		}
		r := records[k.MemberID]
		r.Pieces += k.N
		if k.Good() {
			r.Good += k.N
		}
		records[k.MemberID] = r
	}
	return records, nil
}

// Contenders are those who may stand in a ranking: advocates who take part, and have not said that they would rather
// not be ranked.
func (c *Contest) Contenders() []gamification.Contender {
	all := make([]gamification.Contender, 0, len(c.Records))
	for id, r := range c.Records {
		if m := c.Members[id]; m.Ranked() {
			all = append(all, gamification.Contender{MemberID: id, Quality: r.Bound(), Pieces: c.Fresh[id].Pieces, Volume: r.Pieces})
		}
	}
	slices.SortFunc(all, func(a, b gamification.Contender) int { return cmp.Compare(a.MemberID, b.MemberID) })
	return all
}

// Ranked tells whether a member may stand in a ranking.
func (m *Member) Ranked() bool { return m.Role == Advocate && m.State == Active && !m.Unranked }

// Order ranks all of them together.
func (c *Contest) Order() []gamification.Ranked { return gamification.Order(c.Contenders(), c.lot) }

// Leagues ranks them in their leagues.
func (c *Contest) Leagues() []gamification.Ranked { return gamification.Leagues(c.Contenders(), c.lot) }

// Median is how many customers an advocate who took part has helped in the middle of all.
func (c *Contest) Median() int {
	var all []int
	for id := range c.Records {
		if m := c.Members[id]; m.Role == Advocate && m.State == Active {
			all = append(all, c.Impacts[id].Helped)
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// final are the places with which a season closes.
func (c *Contest) final() []gamification.Placed {
	ranked := c.Leagues()
	places := make([]gamification.Placed, len(ranked))
	for i, r := range ranked {
		f, does := c.Fresh[r.MemberID], c.Impacts[r.MemberID]
		places[i] = gamification.Placed{MemberID: r.MemberID, League: r.League, Place: r.Place, Pieces: f.Pieces, Good: f.Good, Helped: does.Helped, Reused: does.Reused}
	}
	return places
}

// SetRanked says whether a member is ranked. Who is not is shown to nobody in any ranking, from this moment on.
func SetRanked(ctx context.Context, tx Tx, m *Member, ranked bool) error {
	m.Unranked = !ranked
	if _, err := tx.NewUpdate().Model(m).Column("unranked").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("note whether member %d is ranked: %w", m.ID, err)
	}
	return nil
}

// Season events.
const (
	SeasonOpened Kind = "season_opened" // Text: its number
	SeasonClosed Kind = "season_closed" // Text: its number; as a notice to everybody who has a place in it
)

// SeasonDue tells, without writing, whether TurnSeason has something to do for a brand.
func SeasonDue(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (bool, error) {
	rules, err := Setting(ctx, db, brandID, DefaultSeasons)
	if err != nil {
		return false, err
	}
	s, err := gamification.LatestSeason(ctx, db, brandID)
	if err != nil {
		return false, err
	}
	if s.ID != 0 && s.ClosedAt == 0 {
		return now >= s.EndsAt, nil
	}
	return rules.On, nil
}

// TurnSeason closes the season of a brand that is over, and opens the next one, unless the brand has none any more.
// Two that do it at once do it once.
func TurnSeason(ctx context.Context, tx Tx, brandID int64) error {
	if err := TakeTurns(ctx, tx, brandID); err != nil {
		return err
	}
	s, err := gamification.LatestSeason(ctx, tx, brandID)
	if err != nil {
		return err
	}
	if s.ID != 0 && s.ClosedAt == 0 {
		if tx.Now() < s.EndsAt {
			return nil
		}
		if err := closeSeason(ctx, tx, &s); err != nil {
			return err
		}
	}
	rules, err := Setting(ctx, tx, brandID, DefaultSeasons)
	if err != nil || !rules.On {
		return err
	}
	next := s.Next(tx.Now(), time.Weekday(rules.Weekday), rules.Place())
	if err := next.Open(ctx, tx); err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: brandID, Kind: SeasonOpened, Lane: Staff, Detail: Detail{Text: fmt.Sprint(next.Number)}})
}

func closeSeason(ctx context.Context, tx Tx, s *gamification.Season) error {
	contest, err := ContestOf(ctx, tx, s.BrandID, s.Number, s.StartsAt, s.EndsAt)
	if err != nil {
		return err
	}
	closed, err := s.Close(ctx, tx, tx.Now(), contest.final())
	if err != nil || !closed {
		return err
	}
	return record(ctx, tx, Activity{BrandID: s.BrandID, Kind: SeasonClosed, Lane: Staff, Detail: Detail{Text: fmt.Sprint(s.Number)}})
}

// League is what a member sees of the season.
type League struct {
	Season     gamification.Season // the running one; without an id where there is none
	Contest    Contest
	Taking     int                   // how many take part
	Number     int                   // of the member's league; 0 where there are none, or they are in none
	Size       int                   // members with a place in it
	Neighbours []gamification.Ranked // the member and up to three on either side
	Mine       gamification.Impact
	Fresh      Record // the member's own answers of the season
	Quality    float64
	Median     int // customers helped by who is in the middle
}

// neighbours is how many one sees on either side.
const neighbours = 3

// LeagueOf reads what a member sees of the running season.
func LeagueOf(ctx context.Context, db bun.IDB, m *Member) (League, error) {
	var l League
	var err error
	if l.Season, err = gamification.LatestSeason(ctx, db, m.BrandID); err != nil {
		return l, err
	}
	if l.Season.ID == 0 || l.Season.ClosedAt != 0 {
		l.Season = gamification.Season{BrandID: m.BrandID}
		return l, nil
	}
	if l.Contest, err = ContestOf(ctx, db, m.BrandID, l.Season.Number, l.Season.StartsAt, l.Season.EndsAt); err != nil {
		return l, err
	}
	l.look(m.ID)
	return l, nil
}

// look fills in what concerns one member.
func (l *League) look(me int64) {
	ranked := l.Contest.Leagues()
	l.Taking, l.Median, l.Mine, l.Fresh = len(ranked), l.Contest.Median(), l.Contest.Impacts[me], l.Contest.Fresh[me]
	record := l.Contest.Records[me]
	l.Quality = record.Bound()
	at := slices.IndexFunc(ranked, func(r gamification.Ranked) bool { return r.MemberID == me })
	if at < 0 || ranked[at].League == 0 {
		return
	}
	l.Number = ranked[at].League
	placed := slices.DeleteFunc(ranked, func(r gamification.Ranked) bool { return r.League != l.Number || r.Place == 0 })
	l.Size = len(placed)
	if at = slices.IndexFunc(placed, func(r gamification.Ranked) bool { return r.MemberID == me }); at >= 0 {
		l.Neighbours = placed[max(at-neighbours, 0):min(at+neighbours+1, len(placed))]
	}
}
