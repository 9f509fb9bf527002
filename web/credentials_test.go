package web

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

// fetch reads an address as a verifier does: without signing in.
func fetch(at string, into any) error {
	res, err := http.Get(at)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s answers %s: %.200s", at, res.Status, body))
	}
	return json.Unmarshal(body, into)
}

// verify does what Open Badges 3.0 asks of a verifier (§8.2.5, and the list of revocations), with the standard library
// alone, and gives the credential.
func verify(signed string, now time.Time) (map[string]any, error) {
	part := strings.Split(signed, ".")
	if len(part) != 3 {
		return nil, errors.New("it is no compact JWS")
	}
	var plain [3][]byte
	for i := range part {
		var err error
		if plain[i], err = base64.RawURLEncoding.DecodeString(part[i]); err != nil {
			return nil, err
		}
	}
	var header map[string]any
	if err := json.Unmarshal(plain[0], &header); err != nil {
		return nil, err
	}
	for name := range header {
		if !slices.Contains([]string{"alg", "kid", "jwk", "typ"}, name) {
			return nil, fmt.Errorf("the header says %s, which is not allowed", name)
		}
	}
	if header["alg"] != "RS256" || header["typ"] != "JWT" {
		return nil, fmt.Errorf("the header is %v", header)
	}
	var key map[string]any
	if err := fetch(fmt.Sprint(header["kid"]), &key); err != nil {
		return nil, err
	}
	if _, private := key["d"]; private || key["kty"] != "RSA" {
		return nil, fmt.Errorf("the key is %v", key)
	}
	number := func(name string) *big.Int {
		raw, _ := base64.RawURLEncoding.DecodeString(fmt.Sprint(key[name]))
		return new(big.Int).SetBytes(raw)
	}
	hash := sha256.Sum256([]byte(part[0] + "." + part[1]))
	if err := rsa.VerifyPKCS1v15(&rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}, crypto.SHA256, hash[:], plain[2]); err != nil {
		return nil, err
	}
	var c map[string]any
	if err := json.Unmarshal(plain[1], &c); err != nil {
		return nil, err
	}
	issuer, subject, status := c["issuer"].(map[string]any), c["credentialSubject"].(map[string]any), c["credentialStatus"].(map[string]any)
	since, err := time.Parse(time.RFC3339, fmt.Sprint(c["validFrom"]))
	if err != nil {
		return nil, err
	}
	if c["iss"] != issuer["id"] || c["sub"] != subject["id"] || c["jti"] != c["id"] || c["nbf"] != float64(since.Unix()) || since.After(now) {
		return nil, fmt.Errorf("the claims and the credential differ: %v", c)
	}
	var list gamification.Revocations
	if err := fetch(fmt.Sprint(status["id"]), &list); err != nil {
		return nil, err
	}
	if list.Issuer != issuer["id"] || list.ID != status["id"] {
		return nil, fmt.Errorf("the list is of %s", list.Issuer)
	}
	for _, r := range list.Revoked {
		if r.ID == c["id"] && r.Revoked {
			return nil, errors.New("revoked: " + r.Reason)
		}
	}
	return c, nil
}

func TestABadgeIsGivenOutAsAnOpenBadge(t *testing.T) {
	c := newCafe(t)
	c.Guard.PublicURL = c.server.URL
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	c.earns("huy", gamification.Solved, "1", k)
	c.clock.Advance(49 * time.Hour)
	award := func() {
		c.do(func(ctx context.Context, tx listeners.Tx) error { return community.AwardBadges(ctx, tx, c.brand.ID) })
	}
	award()
	held, err := gamification.Awards(t.Context(), c.DB.Read(), c.members["huy"].ID)
	if err != nil || len(held) == 0 {
		t.Fatalf("huy holds %v, %v", held, err)
	}
	solver := held[slices.IndexFunc(held, func(a gamification.Award) bool { return a.Badge == "solver" })]
	at := fmt.Sprintf("/badges/%d/credential", solver.ID)
	huy := c.visits("huy", "en")
	text := huy.post(at, url.Values{"as": {"text"}})
	if text.header.Get("Content-Type") != "application/vc+jwt" || !strings.Contains(text.header.Get("Content-Disposition"), `"badge-saomai-solver-1.jwt"`) {
		t.Errorf("the text comes as %v", text.header)
	}
	badge, err := verify(text.body, c.clock.Now().Std())
	if err != nil {
		t.Fatal(err)
	}

	t.Run("it has what the standard requires", func(t *testing.T) {
		subject := badge["credentialSubject"].(map[string]any)
		what := subject["achievement"].(map[string]any)
		for name, ok := range map[string]bool{
			"contexts":          fmt.Sprint(badge["@context"].([]any)[:2]) == "[https://www.w3.org/ns/credentials/v2 https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json]",
			"types":             fmt.Sprint(badge["type"]) == "[VerifiableCredential OpenBadgeCredential]",
			"subject's type":    fmt.Sprint(subject["type"]) == "[AchievementSubject]",
			"achievement":       fmt.Sprint(what["type"]) == "[Achievement]" && what["achievementType"] == "Badge" && strings.HasSuffix(fmt.Sprint(what["name"]), ", First tier"),
			"criteria":          strings.Contains(fmt.Sprint(what["criteria"]), "Number needed: 1."),
			"description":       strings.Contains(fmt.Sprint(what["description"]), "Cà phê Sao Mai"),
			"status":            badge["credentialStatus"].(map[string]any)["type"] == "1EdTechRevocationList",
			"names nobody":      !strings.Contains(strings.ToLower(text.body), "huy") && !strings.Contains(fmt.Sprint(badge), "huy@example.com"),
			"issuer's own page": strings.HasSuffix(fmt.Sprint(badge["issuer"].(map[string]any)["url"]), "/join/saomai"),
		} {
			if !ok {
				t.Errorf("%s: %v", name, badge)
			}
		}
		id := subject["identifier"].([]any)[0].(map[string]any)
		hash := sha256.Sum256([]byte("huy@example.com" + id["salt"].(string)))
		if id["identityHash"] != "sha256$"+hex.EncodeToString(hash[:]) {
			t.Errorf("the holder cannot prove that it is theirs: %v", id)
		}
		for _, a := range []any{what["id"], badge["issuer"].(map[string]any)["id"]} {
			var read map[string]any
			if err := fetch(fmt.Sprint(a), &read); err != nil || read["id"] != a {
				t.Errorf("%v reads %v, %v", a, read, err)
			}
		}
		if res, err := http.Get(fmt.Sprint(what["image"].(map[string]any)["id"])); err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("the drawing: %v, %v", res, err)
		}
	})

	t.Run("it is the same badge however often it is asked for", func(t *testing.T) {
		drawn := huy.post(at, url.Values{"as": {"drawing"}})
		if err := xml.Unmarshal([]byte(drawn.body), new(struct{})); err != nil {
			t.Fatalf("the drawing is no XML: %v", err)
		}
		baked := regexp.MustCompile(`<openbadges:credential verify="([^"]+)">`).FindStringSubmatch(drawn.body)
		if baked == nil || drawn.header.Get("Content-Type") != "image/svg+xml" {
			t.Fatalf("no credential in %.300s", drawn.body)
		}
		again, err := verify(baked[1], c.clock.Now().Std())
		if err != nil || again["id"] != badge["id"] {
			t.Errorf("it is %v, %v", again["id"], err)
		}
	})

	t.Run("what was changed is not believed", func(t *testing.T) {
		part := strings.Split(text.body, ".")
		payload, _ := base64.RawURLEncoding.DecodeString(part[1])
		part[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "Sao Mai", "Sao Hôm", 1)))
		if _, err := verify(strings.Join(part, "."), c.clock.Now().Std()); err == nil {
			t.Error("a forged badge was believed")
		}
	})

	t.Run("it is nobody else's", func(t *testing.T) {
		if status := c.visits("lan", "en").post(at, nil).status; status != http.StatusNotFound {
			t.Errorf("lan gets huy's badge: %d", status)
		}
		for _, path := range []string{"/brands/nobody", "/brands/saomai/badges/solver/4", "/brands/saomai/badges/topic/1", "/brands/saomai/badges/topic-99/1", "/brands/saomai/badges/none/1/drawing"} {
			if res, err := http.Get(c.server.URL + "/credentials" + path); err != nil || res.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %v, %v", path, res.Status, err)
			}
		}
	})

	t.Run("taken back, it says so", func(t *testing.T) {
		c.loses("1", gamification.CameBack)
		c.earns("huy", gamification.Approved, "2", k)
		c.clock.Advance(49 * time.Hour)
		award()
		if _, err := verify(text.body, c.clock.Now().Std()); err == nil || !strings.Contains(err.Error(), "revoked: The outcomes") {
			t.Errorf("verified after it was taken back: %v", err)
		}
		if status := huy.post(at, nil).status; status != http.StatusNotFound {
			t.Errorf("it is given out again: %d", status)
		}
	})
}
