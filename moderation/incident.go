package moderation

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// OpenIncident opens an incident; the cases of a cluster, where there is one, belong to it from the start, and
// those of mentions that join the cluster do as they come.
func OpenIncident(ctx context.Context, tx listeners.Tx, m *community.Member, i community.Incident, clusterID int64) (community.Incident, error) {
	i, err := community.OpenIncident(ctx, tx, m, i)
	if err != nil || clusterID == 0 {
		return i, err
	}
	_, err = PutCluster(ctx, tx, m, i.ID, clusterID)
	return i, err
}

// PutCluster lets the cases of a cluster belong to an incident, and tells how many do from then on.
func PutCluster(ctx context.Context, tx listeners.Tx, m *community.Member, incidentID, clusterID int64) (int, error) {
	if !m.Role.Employee() {
		return 0, community.ErrNotAllowed
	}
	if err := community.TakeTurns(ctx, tx, m.BrandID); err != nil { // who stores posts puts clusters together
		return 0, err
	}
	k, err := FindCluster(ctx, tx, m.BrandID, clusterID)
	if err != nil {
		return 0, err
	}
	if k.IncidentID != 0 && k.IncidentID != incidentID {
		return 0, community.ErrChanged
	}
	cases, err := casesIn(ctx, tx, k.ID)
	if err != nil {
		return 0, err
	}
	n, err := community.PutInto(ctx, tx, m, incidentID, cases)
	if err != nil {
		return 0, err
	}
	if _, err := tx.NewUpdate().Model((*Cluster)(nil)).Set("incident_id = ?", incidentID).Where("k.id = ?", k.ID).Exec(ctx); err != nil {
		return 0, fmt.Errorf("put cluster %d into incident %d: %w", k.ID, incidentID, err)
	}
	return n, nil
}

// ApproveStatement approves a statement and puts it into the outbox. One that is too long for an account that
// would post it is refused before anybody sees it.
func ApproveStatement(ctx context.Context, tx listeners.Tx, d *Desk, m *community.Member, incidentID, id int64, where []listeners.Announcement) (community.Statement, error) {
	s, err := community.ApproveStatement(ctx, tx, m, incidentID, id, where)
	if err != nil {
		return s, err
	}
	for _, a := range where {
		conn, err := listeners.FindConnection(ctx, tx, a.ConnectionID)
		if err != nil {
			return s, err
		}
		if n := d.Network(conn.Network).Count(conn.Settings, s.Text); a.Mode == listeners.ByAPI && n.Limit > 0 && n.Used > n.Limit {
			return s, &community.Invalid{Field: "text", Sentence: "this statement is too long for one of the accounts; drop it and write a shorter one"}
		}
	}
	return s, nil
}
