package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

type doctorCmd struct {
	server.Config
	JSON bool `name:"json" help:"One JSON object a finding, one a line."`
}

// finding is one thing that was looked at: fine, or with what to do about it.
type finding struct {
	Code string `json:"code"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
	Fix  string `json:"fix,omitempty"`
}

var errUnwell = errors.New("something needs attention")

func (c *doctorCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		var all []finding
		for _, look := range []func(context.Context, *server.App) ([]finding, error){lookAtDatabase, lookAtConnections, lookAtOutbox, lookAtPeople} {
			found, err := look(ctx, app)
			if err != nil {
				return err
			}
			all = append(all, found...)
		}
		encode, well := json.NewEncoder(streams.Out), true
		for _, f := range all {
			well = well && f.OK
			if c.JSON {
				if err := encode.Encode(f); err != nil {
					return err
				}
				continue
			}
			mark := "ok  "
			if !f.OK {
				mark = "FIX "
			}
			fmt.Fprintf(streams.Out, "%s%-20s %s\n", mark, f.Code, f.Says)
			if f.Fix != "" {
				fmt.Fprintf(streams.Out, "    %-20s → %s\n", "", f.Fix)
			}
		}
		if !well {
			return errUnwell
		}
		return nil
	})
}

func lookAtDatabase(ctx context.Context, app *server.App) ([]finding, error) {
	version, err := app.DB.Version(ctx)
	if err != nil {
		return nil, err
	}
	return []finding{{Code: "database", OK: true, Says: fmt.Sprintf("answers, schema %d", version)}}, nil
}

// checkTime is how long one network may take to say who we are.
const checkTime = 10 * time.Second

func lookAtConnections(ctx context.Context, app *server.App) ([]finding, error) {
	all, err := listeners.Connections(ctx, app.DB.Read(), 0)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return []finding{{Code: "connections", Says: "no account is connected", Fix: "kith connection add --brand B --token-file FILE"}}, nil
	}
	var found []finding
	for _, conn := range all {
		f := finding{Code: fmt.Sprintf("connection-%d", conn.ID), OK: true, Says: fmt.Sprintf("@%s on %s: heard %s", conn.Handle, conn.Network, conn.HeardAt)}
		if conn.State != listeners.On {
			f.OK, f.Says = false, fmt.Sprintf("@%s on %s is %s: %s", conn.Handle, conn.Network, conn.State, conn.Error)
			f.Fix = "connect the account again: kith connection add with a new token"
		}
		switch err := check(ctx, app, conn); {
		case errors.Is(err, listeners.ErrSealed):
			f.OK, f.Says, f.Fix = false, "its token cannot be read", "put the key file of this installation back, or connect the account again"
		case err != nil:
			f.OK, f.Says, f.Fix = false, fmt.Sprintf("@%s on %s does not answer: %v", conn.Handle, conn.Network, err), "see whether the network is up and the token is valid"
		}
		found = append(found, f)
	}
	return found, nil
}

func check(ctx context.Context, app *server.App, conn listeners.Connection) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	ch, err := app.OpenChannel(conn)
	if err != nil {
		return err
	}
	who, err := ch.Check(ctx)
	if err == nil && who.NativeID != conn.NativeID {
		return fmt.Errorf("the token belongs to @%s", who.Handle)
	}
	return err
}

func lookAtOutbox(ctx context.Context, app *server.App) ([]finding, error) {
	doubtful, err := app.DB.Read().NewSelect().Table("replies").Where("state = ?", listeners.AskHuman).Count(ctx)
	if err != nil {
		return nil, err
	}
	letters, err := app.DB.Read().NewSelect().Table("dead_letters").Count(ctx)
	if err != nil {
		return nil, err
	}
	outbox := finding{Code: "outbox", OK: doubtful == 0, Says: fmt.Sprintf("%d replies wait for a person's decision", doubtful)}
	if doubtful > 0 {
		outbox.Fix = "open their cases in the web app and say whether they are on the network"
	}
	dead := finding{Code: "dead-letters", OK: true, Says: fmt.Sprintf("%d posts could not be read", letters)}
	return []finding{outbox, dead}, nil
}

func lookAtPeople(ctx context.Context, app *server.App) ([]finding, error) {
	admins, err := app.DB.Read().NewSelect().Table("members").Where("role = 'admin' AND state = 'active'").Count(ctx)
	if err != nil {
		return nil, err
	}
	f := finding{Code: "people", OK: admins > 0, Says: fmt.Sprintf("%d administrators", admins)}
	if admins == 0 {
		f.Fix = "kith member add EMAIL --role admin --brand B"
	}
	return []finding{f}, nil
}
