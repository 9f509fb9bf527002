package gamification

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Season is four weeks of a brand. Who was good in one begins the next with a little of it, and all can catch up.
type Season struct {
	bun.BaseModel `bun:"table:seasons,alias:season"`

	ID       int64 `bun:",pk,autoincrement"`
	BrandID  int64
	Number   int
	StartsAt clock.Time
	EndsAt   clock.Time
	ClosedAt clock.Time `bun:",nullzero"`
}

// seasonDays is long enough that a week away costs nobody their place, and short enough to begin anew.
const seasonDays = 28

// Next is the season after this one; of the zero Season it is the first, which begins at the latest midnight of a
// weekday. One that would be over already, because nobody was there to open it, is passed over.
func (s Season) Next(now clock.Time, weekday time.Weekday, zone *time.Location) Season {
	start := s.EndsAt.Std().In(zone)
	if s.EndsAt == 0 {
		start = LatestMidnight(now, weekday, zone)
	}
	for !start.AddDate(0, 0, seasonDays).After(now.Std()) {
		start = start.AddDate(0, 0, seasonDays)
	}
	return Season{BrandID: s.BrandID, Number: s.Number + 1, StartsAt: clock.At(start), EndsAt: clock.At(start.AddDate(0, 0, seasonDays))}
}

// LatestMidnight is when a weekday began last in a zone.
func LatestMidnight(now clock.Time, weekday time.Weekday, zone *time.Location) time.Time {
	at := now.Std().In(zone)
	back := (int(at.Weekday()-weekday) + 7) % 7
	return time.Date(at.Year(), at.Month(), at.Day()-back, 0, 0, 0, 0, zone)
}

// Contender is a member who may stand in a ranking. What is good about their answers others reckon: nothing here
// counts how much somebody wrote, but to put those together who write about as much.
type Contender struct {
	MemberID int64
	Quality  float64 // the share of good answers that is beyond doubt, 0 to 1
	Pieces   int     // answers of the season that somebody judged
	Volume   int     // by which leagues are made
}

// Ranked is a contender with their league and place, both from 1 on; 0 for none.
type Ranked struct {
	Contender
	League int
	Place  int
}

// How rankings are made.
const (
	EnoughPieces = 5  // judged answers; of fewer nobody can say how good they are
	LeagueSize   = 25 // about
	LeaguesFrom  = 60 // members; among fewer all know each other, and a ranking would only name the last
)

// Proven tells whether there are enough answers to say how good they are.
func (c Contender) Proven() bool { return c.Pieces >= EnoughPieces }

// Order ranks contenders by quality; who has too few answers to tell stands behind those with enough. Equal quality
// shares a place, and stands in an order drawn by lot for the season, which nobody can work for.
func Order(all []Contender, season string) []Ranked {
	ranked := make([]Ranked, len(all))
	for i, c := range all {
		ranked[i].Contender = c
	}
	slices.SortFunc(ranked, func(a, b Ranked) int {
		if a.Proven() != b.Proven() {
			if a.Proven() {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Quality, a.Quality), cmp.Compare(lot(season, a.MemberID), lot(season, b.MemberID)), cmp.Compare(a.MemberID, b.MemberID))
	})
	for i := range ranked {
		ranked[i].Place = i + 1
		if i > 0 && ranked[i].Quality == ranked[i-1].Quality && ranked[i].Proven() == ranked[i-1].Proven() {
			ranked[i].Place = ranked[i-1].Place
		}
	}
	return ranked
}

// lot is a number that only the season and the member decide.
func lot(season string, member int64) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s:%d", season, member))
	return binary.BigEndian.Uint64(sum[:])
}

// Leagues puts contenders who write about as much together, about 25 each, and ranks them within; who has too few
// answers has no place. Below 60 there are no leagues and no places.
func Leagues(all []Contender, season string) []Ranked {
	if len(all) < LeaguesFrom {
		ranked := Order(all, season)
		for i := range ranked {
			ranked[i].Place = 0
		}
		return ranked
	}
	busy := slices.Clone(all)
	slices.SortFunc(busy, func(a, b Contender) int {
		return cmp.Or(b.Volume-a.Volume, cmp.Compare(lot(season, a.MemberID), lot(season, b.MemberID)), cmp.Compare(a.MemberID, b.MemberID))
	})
	n := (len(busy) + LeagueSize/2) / LeagueSize
	ranked := make([]Ranked, 0, len(busy))
	for i := range n {
		league := Order(busy[i*len(busy)/n:(i+1)*len(busy)/n], season)
		for _, r := range league {
			r.League = i + 1
			if !r.Proven() {
				r.Place = 0
			}
			ranked = append(ranked, r)
		}
	}
	return ranked
}

// mostCarried is how many answers somebody begins a season with.
const mostCarried = 10

// Carried is the soft reset: what a season's judged answers count for at the beginning of the next. It is half of
// them and ten at most, in the same proportion or a little worse, so that nobody begins better than they ended.
func Carried(pieces, good int) (carriedPieces, carriedGood int) {
	if pieces == 0 {
		return 0, 0
	}
	carriedPieces = min(pieces/2, mostCarried)
	return carriedPieces, good * carriedPieces / pieces
}

// Placed is how a member stood when a season closed.
type Placed struct {
	bun.BaseModel `bun:"table:season_places,alias:placed"`

	SeasonID int64 `bun:",pk"`
	MemberID int64 `bun:",pk"`
	League   int
	Place    int
	Pieces   int
	Good     int
	Helped   int // customers with a good outcome
	Reused   int // cases that others solved with their words
}

// LatestSeason reads a brand's season with the highest number; the zero Season, of the brand, where there was none.
func LatestSeason(ctx context.Context, db bun.IDB, brandID int64) (Season, error) {
	s := Season{}
	err := db.NewSelect().Model(&s).Where("brand_id = ?", brandID).Order("number DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Season{BrandID: brandID}, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the season of brand %d: %w", brandID, err)
	}
	return s, nil
}

// Open stores a season. Of two that open the same one, one does.
func (s *Season) Open(ctx context.Context, tx bun.IDB) error {
	if _, err := tx.NewInsert().Model(s).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("open season %d of brand %d: %w", s.Number, s.BrandID, err)
	}
	return nil
}

// placesAtOnce bounds how many places one statement writes: PostgreSQL takes 65,535 values, SQLite 32,766.
const placesAtOnce = 2000

// Close keeps the final standing of a season, and tells whether it was this call that closed it: of two at once
// one does, and the other writes nothing.
func (s *Season) Close(ctx context.Context, tx bun.IDB, now clock.Time, places []Placed) (bool, error) {
	res, err := tx.NewUpdate().Model(s).Set("closed_at = ?", now).Where("id = ? AND closed_at IS NULL", s.ID).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("close season %d: %w", s.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	for part := range slices.Chunk(places, placesAtOnce) {
		for i := range part {
			part[i].SeasonID = s.ID
		}
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return false, fmt.Errorf("keep the standing of season %d: %w", s.ID, err)
		}
	}
	return true, nil
}

// PlacesOf reads the final standing of the season of a brand with a number; nothing where there was none.
func PlacesOf(ctx context.Context, db bun.IDB, brandID int64, number int) ([]Placed, error) {
	var all []Placed
	err := db.NewSelect().Model(&all).Join("JOIN seasons AS s ON s.id = placed.season_id").Where("s.brand_id = ? AND s.number = ?", brandID, number).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the standing of season %d of brand %d: %w", number, brandID, err)
	}
	return all, nil
}

// Past is a closed season and how a member stood at its end.
type Past struct {
	Number           int
	StartsAt, EndsAt clock.Time
	League, Place    int
	Helped, Reused   int
}

// PastSeasons reads a member's closed seasons, latest first.
func PastSeasons(ctx context.Context, db bun.IDB, memberID int64, most int) ([]Past, error) {
	var all []Past
	err := db.NewSelect().TableExpr("season_places AS p").Join("JOIN seasons AS s ON s.id = p.season_id").
		ColumnExpr("s.number, s.starts_at, s.ends_at, p.league, p.place, p.helped, p.reused").
		Where("p.member_id = ?", memberID).OrderExpr("p.season_id DESC").Limit(int64(most)).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("read the seasons of member %d: %w", memberID, err)
	}
	return all, nil
}

// Impact is what a member's work did for others.
type Impact struct {
	MemberID int64
	Helped   int // customers with a good outcome
	Reused   int // cases that others solved with their words
}

// Impacts adds up, by member, the entries of a brand that were written from a moment until before another and
// stand, matured or not.
func Impacts(ctx context.Context, db bun.IDB, brandID int64, from, to clock.Time) (map[int64]Impact, error) {
	var all []Impact
	err := db.NewSelect().Model((*Entry)(nil)).Column("member_id").
		ColumnExpr("COUNT(DISTINCT CASE WHEN rule IN ('solved', 'thanked') THEN account_id END) AS helped").
		ColumnExpr("COUNT(DISTINCT CASE WHEN rule = 'reused' THEN event END) AS reused").
		Where("brand_id = ? AND matures_at >= ? AND created_at >= ? AND created_at < ?", brandID, from, from, to).
		Where("rule IN ('solved', 'thanked', 'reused')").Where(matured, clock.Time(1<<62)).Group("member_id").Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("add up whom members of brand %d helped: %w", brandID, err)
	}
	byMember := make(map[int64]Impact, len(all))
	for _, i := range all {
		byMember[i.MemberID] = i
	}
	return byMember, nil
}
