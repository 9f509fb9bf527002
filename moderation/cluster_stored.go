package moderation

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Cluster are mentions of the last hours that say nearly the same, whoever wrote them.
type Cluster struct {
	bun.BaseModel `bun:"table:clusters,alias:k"`

	ID         int64 `bun:",pk"`
	BrandID    int64
	Mentions   int
	Angry      int
	OpenedAt   clock.Time
	LastAt     clock.Time
	Shared     []byte // as heap has it; empty once no more can join
	Live       bool
	IntoID     int64 `bun:",nullzero"` // the cluster that this one has become a part of
	IncidentID int64 `bun:",nullzero"`

	heap heap
	was  bool // it is stored already
}

func (k *Cluster) heaped() *heap { return &k.heap }

const (
	// clusterOpen is how long after its latest mention others may join a cluster.
	clusterOpen = 6 * time.Hour
	// mostClusters is how many clusters a mention is compared with, the latest ones.
	mostClusters = 300
	// leastCluster is from how many mentions on a cluster is worth a look.
	leastCluster = 5
)

const sharingSize = 12

func (h *heap) pack() []byte {
	b := make([]byte, 0, len(h.shared)*sharingSize)
	for _, s := range h.shared {
		b = binary.LittleEndian.AppendUint32(b, s.id)
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(s.weight))
		b = binary.LittleEndian.AppendUint32(b, s.texts)
	}
	return b
}

func (k *Cluster) unpack() {
	k.was = true
	k.heap = heap{texts: k.Mentions, bound: k.IncidentID, shared: make([]sharing, 0, len(k.Shared)/sharingSize)}
	for b := k.Shared; len(b) >= sharingSize; b = b[sharingSize:] {
		k.heap.shared = append(k.heap.shared, sharing{
			binary.LittleEndian.Uint32(b), math.Float32frombits(binary.LittleEndian.Uint32(b[4:])), binary.LittleEndian.Uint32(b[8:]),
		})
	}
	k.heap.measure()
}

// liveClusters reads the clusters of a brand that a mention may join, the latest first.
func liveClusters(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]*Cluster, error) {
	var all []*Cluster
	err := db.NewSelect().Model(&all).Where("k.live AND k.brand_id = ? AND k.last_at > ?", brandID, now.Add(-clusterOpen)).
		Order("k.last_at DESC").Limit(mostClusters).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the clusters of brand %d: %w", brandID, err)
	}
	for _, k := range all {
		k.unpack()
	}
	slices.SortFunc(all, func(a, b *Cluster) int { return int(a.ID - b.ID) }) // the same whatever came last
	return all, nil
}

// group puts customers' new posts into the clusters that they are like, before the posts are stored; what is
// imported from earlier is left out. Cases whose cluster belongs to an incident belong to it, too. Those who
// store posts of one brand take turns.
func group(ctx context.Context, tx listeners.Tx, brandID int64, customer []community.Incoming) error {
	type placed struct {
		mention *listeners.Mention
		heap    heap
		angry   bool
	}
	var posts []placed
	for i := range customer {
		m := customer[i].Mention
		if customer[i].Lane == community.None || m.CreatedAt <= tx.Now().Add(-clusterOpen) {
			continue
		}
		if about := aboutOf(m.Text); len(about) >= leastAbout {
			posts = append(posts, placed{m, heapOf(about), customer[i].Score.Anger >= angryFrom})
		}
	}
	if len(posts) == 0 {
		return nil
	}
	all, err := liveClusters(ctx, tx, brandID, tx.Now())
	if err != nil {
		return err
	}
	ids, err := tx.NextIDs(ctx, "clusters", len(posts))
	if err != nil {
		return err
	}
	changed := map[*Cluster]bool{}
	in := make(map[*listeners.Mention]*Cluster, len(posts))
	for i, p := range posts {
		k := &Cluster{ID: ids[i], BrandID: brandID, Mentions: 1, OpenedAt: p.mention.CreatedAt, LastAt: p.mention.CreatedAt, Live: true, heap: p.heap}
		if p.angry {
			k.Angry = 1
		}
		if known, ok := nearest(&k.heap, all); ok {
			known.join(k)
			k = known
			for other, ok := nearest(&k.heap, all); ok; other, ok = nearest(&k.heap, all) {
				into, gone := k, other // the older one stays
				if into.ID > gone.ID {
					into, gone = gone, into
				}
				into.join(gone)
				gone.Live, gone.IntoID, gone.Shared = false, into.ID, nil
				changed[gone] = true
				all = slices.DeleteFunc(all, func(c *Cluster) bool { return c == gone })
				for m, at := range in {
					if at == gone {
						in[m] = into
					}
				}
				k = into
			}
		} else {
			all = append(all, k)
		}
		changed[k], in[p.mention] = true, k
	}
	for m, k := range in {
		m.ClusterID = k.ID
	}
	return saveClusters(ctx, tx, brandID, changed, customer)
}

// alikes counts, by native id, how many posts of the last hours say nearly the same as each of these, with it.
func alikes(ctx context.Context, db bun.IDB, brandID int64, now clock.Time, posts []listeners.Post) (map[string]int, error) {
	all, err := liveClusters(ctx, db, brandID, now)
	if err != nil {
		return nil, err
	}
	found := make(map[string]int, len(posts))
	for i := range posts {
		about := aboutOf(posts[i].Text)
		if len(about) < leastAbout || posts[i].CreatedAt <= now.Add(-clusterOpen) {
			continue
		}
		k := &Cluster{Mentions: 1, heap: heapOf(about)}
		if known, ok := nearest(&k.heap, all); ok {
			known.join(k)
			k = known
		} else {
			all = append(all, k)
		}
		found[posts[i].NativeID] = k.Mentions
	}
	return found, nil
}

// rankedIn counts, by id, how many mentions of its cluster there were when each of these was stored, with it. They
// are of one brand, the latest first.
func rankedIn(ctx context.Context, db bun.IDB, batch []listeners.Mention) (map[int64]int, error) {
	var ids []int64
	for i := range batch {
		if k := batch[i].ClusterID; k != 0 && !slices.Contains(ids, k) {
			ids = append(ids, k)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var sums []struct {
		ClusterID int64
		N         int
	}
	err := db.NewSelect().Model((*listeners.Mention)(nil)).ColumnExpr("m.cluster_id, COUNT(*) AS n").
		Where("m.cluster_id IN (?) AND m.id <= ?", bun.List(ids), batch[0].ID).Group("m.cluster_id").Scan(ctx, &sums)
	if err != nil {
		return nil, fmt.Errorf("count what clusters had: %w", err)
	}
	left := make(map[int64]int, len(sums))
	for _, s := range sums {
		left[s.ClusterID] = s.N
	}
	ranks := make(map[int64]int, len(batch))
	for i := range batch {
		if k := batch[i].ClusterID; k != 0 {
			ranks[batch[i].ID] = left[k]
			left[k]--
		}
	}
	return ranks, nil
}

func (k *Cluster) join(other *Cluster) {
	k.heap.join(&other.heap)
	k.Mentions, k.Angry, k.IncidentID = k.heap.texts, k.Angry+other.Angry, k.heap.bound
	k.OpenedAt, k.LastAt = min(k.OpenedAt, other.OpenedAt), max(k.LastAt, other.LastAt)
}

// saveClusters writes the clusters that changed in one statement, and what follows from two having become one.
func saveClusters(ctx context.Context, tx listeners.Tx, brandID int64, changed map[*Cluster]bool, customer []community.Incoming) error {
	byID := make(map[int64]*Cluster, len(changed))
	for k := range changed {
		byID[k.ID] = k
	}
	rows := make([]*Cluster, 0, len(changed))
	var gone []int64
	incidents := map[int64]int64{} // by cluster
	for k := range changed {
		if k.IntoID != 0 {
			if !k.was {
				continue
			}
			for into := byID[k.IntoID]; into.IntoID != 0; into = byID[k.IntoID] {
				k.IntoID = into.IntoID
			}
			gone = append(gone, k.ID)
		} else {
			k.Shared = k.heap.pack()
			if k.IncidentID != 0 {
				incidents[k.ID] = k.IncidentID
			}
		}
		if k.Shared == nil {
			k.Shared = []byte{}
		}
		rows = append(rows, k)
	}
	slices.SortFunc(rows, func(a, b *Cluster) int { return int(a.ID - b.ID) })
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").
		Set("mentions = EXCLUDED.mentions, angry = EXCLUDED.angry, opened_at = EXCLUDED.opened_at, last_at = EXCLUDED.last_at").
		Set("shared = EXCLUDED.shared, live = EXCLUDED.live, into_id = EXCLUDED.into_id, incident_id = EXCLUDED.incident_id").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store the clusters of brand %d: %w", brandID, err)
	}
	if len(gone) > 0 {
		slices.Sort(gone)
		_, err := tx.NewRaw(`UPDATE mentions SET cluster_id = (SELECT k.into_id FROM clusters AS k WHERE k.id = mentions.cluster_id) WHERE cluster_id IN (?)`,
			bun.List(gone)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("put clusters of brand %d together: %w", brandID, err)
		}
	}
	if len(incidents) == 0 {
		return nil
	}
	belong := map[int64][]int64{}
	for i := range customer {
		m := customer[i].Mention
		if to := incidents[m.ClusterID]; to != 0 && m.CaseID != 0 {
			belong[to] = append(belong[to], m.CaseID)
		}
	}
	for _, k := range rows {
		if k.IntoID != 0 || k.IncidentID == 0 || len(gone) == 0 {
			continue
		}
		cases, err := casesIn(ctx, tx, k.ID)
		if err != nil {
			return err
		}
		belong[k.IncidentID] = append(belong[k.IncidentID], cases...)
	}
	if err := community.Belong(ctx, tx, brandID, belong); err != nil {
		return err
	}
	return community.CoverLater(ctx, tx, brandID, belong)
}

// casesIn are the cases of a cluster's mentions.
func casesIn(ctx context.Context, db bun.IDB, clusterID int64) ([]int64, error) {
	var ids []int64
	err := db.NewSelect().Model((*listeners.Mention)(nil)).ColumnExpr("DISTINCT m.case_id").
		Where("m.cluster_id = ? AND m.case_id IS NOT NULL", clusterID).Order("m.case_id").Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("find the cases of cluster %d: %w", clusterID, err)
	}
	return ids, nil
}

// Clusters reads the clusters of a brand that are worth a look now and belong to no incident, the largest first.
func Clusters(ctx context.Context, db bun.IDB, brandID int64, now clock.Time, most int) ([]Cluster, error) {
	var all []Cluster
	err := db.NewSelect().Model(&all).Where("k.live AND k.brand_id = ? AND k.last_at > ?", brandID, now.Add(-clusterOpen)).
		Where("k.mentions >= ? AND k.incident_id IS NULL", leastCluster).Order("k.mentions DESC", "k.id").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the clusters of brand %d: %w", brandID, err)
	}
	return all, nil
}

// FindCluster reads a cluster of a brand; sql.ErrNoRows where there is none any more.
func FindCluster(ctx context.Context, db bun.IDB, brandID, id int64) (Cluster, error) {
	var k Cluster
	if err := db.NewSelect().Model(&k).Where("k.id = ? AND k.brand_id = ? AND k.into_id IS NULL", id, brandID).Scan(ctx); err != nil {
		return k, fmt.Errorf("find cluster %d: %w", id, err)
	}
	return k, nil
}

// SaidIn reads the latest mentions of clusters, newest first, by cluster.
func SaidIn(ctx context.Context, db bun.IDB, clusterIDs []int64, most int) (map[int64][]listeners.Mention, error) {
	said := make(map[int64][]listeners.Mention, len(clusterIDs))
	for _, id := range clusterIDs {
		var some []listeners.Mention
		err := db.NewSelect().Model(&some).Where("m.cluster_id = ? AND m.gone_at IS NULL", id).Order("m.id DESC").Limit(int64(most)).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("read what cluster %d says: %w", id, err)
		}
		said[id] = some
	}
	return said, nil
}

// ClustersOld finds, without writing, whether there are clusters that nothing can join any more.
func ClustersOld(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	old, err := db.NewSelect().Model((*Cluster)(nil)).Where("k.live AND k.last_at < ?", now.Add(-clusterOpen)).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for old clusters: %w", err)
	}
	return old, nil
}

// EndClusters forgets what the texts of old clusters share, and those that were too small to be looked at.
func EndClusters(ctx context.Context, tx listeners.Tx) error {
	over := tx.Now().Add(-clusterOpen)
	_, err := tx.NewDelete().Model((*Cluster)(nil)).Where("k.live AND k.last_at < ? AND k.mentions < ? AND k.incident_id IS NULL", over, leastCluster).Exec(ctx)
	if err == nil {
		_, err = tx.NewUpdate().Model((*Cluster)(nil)).Set("live = ?, shared = ?", false, []byte{}).Where("k.live AND k.last_at < ?", over).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("end old clusters: %w", err)
	}
	return nil
}
