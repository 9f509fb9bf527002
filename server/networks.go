package server

import (
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/twitter"
)

// network is what the product needs to know of a kind of network.
type network struct {
	open    listeners.Open
	measure func(text string) listeners.Length
	drafts  bool // its terms let a machine draft what a person then rewrites and sends
}

// networks is every network that can be connected, by the name stored with a connection.
var networks = map[string]network{
	"x": {twitter.Open, twitter.Measure, true},
}
