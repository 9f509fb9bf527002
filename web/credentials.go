package web

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// Badges are given out as Open Badges 3.0: a drawing with the signed credential in it, or the credential alone. What a
// verifier reads afterwards is public and names nobody: the key, the brand's profile, what a badge stands for, its
// drawing, and the list of those that were taken back.

// credentialsAt is the address of the public parts.
func (a *App) credentialsAt(path ...string) string {
	return a.Guard.PublicURL + "/credentials/" + strings.Join(path, "/")
}

func (a *App) profileOf(b *community.Brand) gamification.Profile {
	return gamification.NewProfile(a.credentialsAt("brands", b.Slug), b.Name, a.Guard.PublicURL+"/join/"+b.Slug)
}

// badgeName is how a badge stands in an address: "solver", and "topic-12" for one of a topic.
func badgeName(id gamification.BadgeID, topic int64) string {
	if topic == 0 {
		return string(id)
	}
	return fmt.Sprintf("%s-%d", id, topic)
}

// namedBadge reads badgeName and a tier from the address.
func namedBadge(r *http.Request) (id gamification.BadgeID, topic int64, tier int, err error) {
	name, number, about := strings.Cut(chi.URLParam(r, "badge"), "-")
	id = gamification.BadgeID(name)
	tier, wrong := strconv.Atoi(chi.URLParam(r, "tier"))
	tiers := gamification.Tiers
	if id == gamification.Given {
		tiers = 1
	} else if !slices.ContainsFunc(gamification.Badges, func(b gamification.Badge) bool { return b.ID == id }) {
		tiers = 0
	}
	if about {
		topic, err = strconv.ParseInt(number, 10, 64)
	}
	if err != nil || wrong != nil || tier < 1 || tier > tiers || about != (id == gamification.TopicHand) {
		return "", 0, 0, fmt.Errorf("read a badge from the address: %w", sql.ErrNoRows)
	}
	return id, topic, tier, nil
}

// standsFor says in the reader's language what a tier of a badge is given for.
func (a *App) standsFor(ctx context.Context, b *community.Brand, id gamification.BadgeID, topicID int64, tier int) (gamification.Achievement, error) {
	topic := ""
	if topicID != 0 {
		topics, err := community.EveryTopic(ctx, a.DB.Read(), b.ID)
		if err != nil {
			return gamification.Achievement{}, err
		}
		i := slices.IndexFunc(topics, func(t community.Topic) bool { return t.ID == topicID })
		if i < 0 {
			return gamification.Achievement{}, fmt.Errorf("read topic %d of brand %d: %w", topicID, b.ID, sql.ErrNoRows)
		}
		topic = topics[i].Name
	}
	name := T(ctx, "badge."+string(id), "topic", topic)
	how := T(ctx, "credential.by_hand")
	if id != gamification.Given {
		i := slices.IndexFunc(gamification.Badges, func(b gamification.Badge) bool { return b.ID == id })
		name += ", " + T(ctx, "badge_tier.t"+strconv.Itoa(tier))
		how = T(ctx, "credential.how", "how", T(ctx, "badge_how."+string(id), "topic", topic), "goal", Number(ctx, gamification.Badges[i].Goals[tier-1]))
	}
	at := a.credentialsAt("brands", b.Slug, "badges", badgeName(id, topicID), strconv.Itoa(tier))
	return gamification.NewAchievement(at, at+"/drawing", view(ctx).Lang, name, T(ctx, "credential.what", "brand", b.Name), how), nil
}

// credential gives out a badge of the reader's own, drawn or as text.
func (a *App) credential(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "award")
	if err != nil {
		return err
	}
	ctx, me := r.Context(), access.From(r.Context())
	key, err := a.CredentialKey(ctx)
	if err != nil {
		return err
	}
	var award gamification.Award
	err = a.write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
		if award, err = gamification.HeldAward(ctx, tx, me.Member.ID, id); err != nil {
			return err
		}
		return gamification.Issue(ctx, tx, &award, uuid.New())
	})
	if err != nil {
		return err
	}
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	brand := brands[award.BrandID]
	what, err := a.standsFor(ctx, &brand, award.Badge, award.TopicID, award.Tier)
	if err != nil {
		return err
	}
	from := a.profileOf(&brand)
	c, err := gamification.NewCredential(&award, from, me.Person.Email, what, from.ID+"/revocations")
	if err != nil {
		return err
	}
	signed, err := c.Sign(key, a.credentialsAt("key"))
	if err != nil {
		return err
	}
	file, kind, ending := []byte(signed), "application/vc+jwt", "jwt"
	if r.PostFormValue("as") != "text" {
		var drawn bytes.Buffer
		if err := badgeDrawing(award.Badge, award.Tier, what.Name, signed).Render(ctx, &drawn); err != nil {
			return err
		}
		file, kind, ending = drawn.Bytes(), "image/svg+xml", "svg"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="badge-%s-%s-%d.%s"`, brand.Slug, badgeName(award.Badge, award.TopicID), award.Tier, ending))
	_, err = w.Write(file)
	return err
}

// publicFor is how long others may keep what they read of badges.
const publicFor = 5 * time.Minute

// public lets anybody keep an answer and read it from any site: verifiers run in browsers, too.
func public(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(publicFor.Seconds())))
	w.Header().Set("Access-Control-Allow-Origin", "*")
}

func answerJSON(w http.ResponseWriter, kind string, v any) error {
	w.Header().Set("Content-Type", kind)
	public(w)
	return json.NewEncoder(w).Encode(v)
}

func (a *App) credentialKey(w http.ResponseWriter, r *http.Request) error {
	key, err := a.CredentialKey(r.Context())
	if err != nil {
		return err
	}
	return answerJSON(w, "application/jwk+json", gamification.NewPublicKey(&key.PublicKey, a.credentialsAt("key")))
}

// aboutBrand answers with what can be said of the brand in the address.
func (a *App) aboutBrand(w http.ResponseWriter, r *http.Request, say func(context.Context, bun.IDB, *community.Brand) (any, error)) error {
	brand, err := community.FindBrand(r.Context(), a.DB.Read(), chi.URLParam(r, "brand"))
	if err != nil {
		return err
	}
	said, err := say(r.Context(), a.DB.Read(), &brand)
	if err != nil {
		return err
	}
	return answerJSON(w, "application/json", said)
}

func (a *App) issuer(w http.ResponseWriter, r *http.Request) error {
	return a.aboutBrand(w, r, func(_ context.Context, _ bun.IDB, b *community.Brand) (any, error) {
		return a.profileOf(b), nil
	})
}

func (a *App) revocations(w http.ResponseWriter, r *http.Request) error {
	return a.aboutBrand(w, r, func(ctx context.Context, read bun.IDB, b *community.Brand) (any, error) {
		from := a.profileOf(b)
		taken, err := gamification.RevokedOf(ctx, read, b.ID)
		return gamification.Revocations{ID: from.ID + "/revocations", Issuer: from.ID, Revoked: taken}, err
	})
}

func (a *App) achievement(w http.ResponseWriter, r *http.Request) error {
	id, topic, tier, err := namedBadge(r)
	if err != nil {
		return err
	}
	return a.aboutBrand(w, r, func(ctx context.Context, _ bun.IDB, b *community.Brand) (any, error) {
		return a.standsFor(ctx, b, id, topic, tier)
	})
}

func (a *App) drawing(w http.ResponseWriter, r *http.Request) error {
	id, topic, tier, err := namedBadge(r)
	if err != nil {
		return err
	}
	brand, err := community.FindBrand(r.Context(), a.DB.Read(), chi.URLParam(r, "brand"))
	if err != nil {
		return err
	}
	what, err := a.standsFor(r.Context(), &brand, id, topic, tier)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	public(w)
	return badgeDrawing(id, tier, what.Name, "").Render(r.Context(), w)
}
