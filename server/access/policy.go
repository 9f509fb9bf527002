package access

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"

	"github.com/kith-social/kith/community"
)

// PolicyText is who may do what: lines of "p, role, object, action" and "g, role, role it includes".
//
//go:embed policy.csv
var PolicyText string

//go:embed model.conf
var policyModel string

// Role is what the policy knows somebody as: the role of the member they act as, or one of the two below.
type Role = community.Role

// The roles of those who act for no brand.
const (
	Public   Role = "public"    // nobody knows who
	SignedIn Role = "signed-in" // a person, but no member
)

// Roles lists every role, from the least to the most.
var Roles = []Role{Public, SignedIn, community.Advocate, community.Moderator, community.Expert, community.Admin}

// Policy is the answer to every question that can be asked of the policy, worked out once.
type Policy struct {
	known   map[[2]string]bool // object and action
	allowed map[[3]string]bool // role, object and action
}

// ParsePolicy works a policy out.
func ParsePolicy(text string) (Policy, error) {
	m, err := model.NewModelFromString(policyModel)
	if err != nil {
		return Policy{}, fmt.Errorf("policy model: %w", err)
	}
	e, err := casbin.NewEnforcer(m, stringadapter.NewAdapter(text))
	if err != nil {
		return Policy{}, fmt.Errorf("policy: %w", err)
	}
	lines, err := e.GetPolicy()
	if err != nil {
		return Policy{}, fmt.Errorf("policy: %w", err)
	}
	included, err := e.GetGroupingPolicy()
	if err != nil {
		return Policy{}, fmt.Errorf("policy: %w", err)
	}
	if n := countLines(text); n != len(lines)+len(included) { // casbin skips what it cannot read
		return Policy{}, fmt.Errorf("policy: of %d lines %d are understood, or some stand there twice", n, len(lines)+len(included))
	}
	p := Policy{known: map[[2]string]bool{}, allowed: map[[3]string]bool{}}
	for _, line := range lines {
		role, object, action := line[0], line[1], line[2]
		if !slices.Contains(Roles, Role(role)) {
			return Policy{}, fmt.Errorf("policy: there is no role %q", role)
		}
		p.known[[2]string{object, action}] = true
		for _, role := range Roles {
			ok, err := e.Enforce(string(role), object, action)
			if err != nil {
				return Policy{}, fmt.Errorf("policy: %w", err)
			}
			p.allowed[[3]string{string(role), object, action}] = ok
		}
	}
	return p, nil
}

func countLines(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}

// May tells whether a role may do an action on an object.
func (p Policy) May(role Role, object, action string) bool {
	return p.allowed[[3]string{string(role), object, action}]
}

// Mentions tells whether any line is about an action on an object.
func (p Policy) Mentions(object, action string) bool { return p.known[[2]string{object, action}] }
