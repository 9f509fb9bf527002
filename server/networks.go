package server

import (
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/discourse"
	"github.com/kith-social/kith/listeners/facebook"
	"github.com/kith-social/kith/listeners/feed"
	"github.com/kith-social/kith/listeners/nodebb"
	"github.com/kith-social/kith/listeners/pasted"
	"github.com/kith-social/kith/listeners/twitter"
)

// networks is every network that can be connected, by the name stored with a connection.
var networks = map[string]listeners.Network{
	"discourse": discourse.Network,
	"facebook":  facebook.Network,
	"feed":      feed.Network,
	"x":         twitter.Network,
	"nodebb":    nodebb.Network,
	"pasted":    pasted.Network,
}

// Terms are what a kind of network's terms allow.
func Terms(kind string) listeners.Policy { return network(kind).Policy }

// network is what is known of a kind of network; of one that this version does not know, that nothing
// can be posted there.
func network(kind string) listeners.Network {
	n, ok := networks[kind]
	if !ok {
		n.Measure = func(string) listeners.Length { return listeners.Length{} }
	}
	return n
}
