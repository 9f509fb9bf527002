package gamification

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Credential is a badge as a file that its holder may show anywhere: an OpenBadgeCredential of Open Badges 3.0
// (1EdTech, https://www.imsglobal.org/spec/ob/v3p0/). It names nobody: whoever has the holder's e-mail address can check
// that it is theirs, and nobody can read the address out of it. What was taken back stands in the issuer's list of
// revocations.
type Credential struct {
	Context   []string         `json:"@context"`
	ID        string           `json:"id"`
	Type      []string         `json:"type"`
	Name      string           `json:"name"`
	Issuer    Profile          `json:"issuer"`
	ValidFrom string           `json:"validFrom"` // RFC 3339, to the second
	Awarded   string           `json:"awardedDate"`
	Subject   CredentialOwner  `json:"credentialSubject"`
	Status    CredentialStatus `json:"credentialStatus"`
}

// Profile is who gives badges: a brand.
type Profile struct {
	ID   string   `json:"id"`
	Type []string `json:"type"`
	Name string   `json:"name"`
	URL  string   `json:"url"`
}

// NewProfile makes the profile of a brand from the address at which it can be read, and that of its programme.
func NewProfile(id, name, url string) Profile { return Profile{id, []string{"Profile"}, name, url} }

// CredentialOwner is who holds the badge.
type CredentialOwner struct {
	ID          string          `json:"id"`
	Type        []string        `json:"type"`
	Identifier  []HashedAddress `json:"identifier"`
	Achievement Achievement     `json:"achievement"`
}

// HashedAddress lets somebody who knows an e-mail address check that it is the holder's.
type HashedAddress struct {
	Type         string `json:"type"`
	Hashed       bool   `json:"hashed"`
	IdentityHash string `json:"identityHash"` // "sha256$" and the hash of the address in lower case and the salt
	IdentityType string `json:"identityType"`
	Salt         string `json:"salt"`
}

// Achievement is what a tier of a badge stands for.
type Achievement struct {
	ID              string   `json:"id"`
	Type            []string `json:"type"`
	AchievementType string   `json:"achievementType"`
	Name            string   `json:"name"`
	Description     string   `json:"description"`
	Criteria        Criteria `json:"criteria"`
	Image           Picture  `json:"image"`
	Language        string   `json:"inLanguage"`
}

// Criteria are how a badge is earned.
type Criteria struct {
	Narrative string `json:"narrative"`
}

// Picture is the address of a drawing.
type Picture struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// NewAchievement makes an achievement from its address, that of its drawing and texts in a language.
func NewAchievement(id, image, language, name, description, how string) Achievement {
	return Achievement{id, []string{"Achievement"}, "Badge", name, description, Criteria{how}, Picture{image, "Image"}, language}
}

// CredentialStatus says where to read whether a badge was taken back.
type CredentialStatus struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// Revocations is an issuer's list of badges that were taken back, see https://www.imsglobal.org/spec/vcrl/v1p0/.
type Revocations struct {
	ID      string    `json:"id"`
	Issuer  string    `json:"issuer"`
	Revoked []Revoked `json:"revokedCredential"`
}

// Revoked is a badge that was taken back.
type Revoked struct {
	ID      string `json:"id"`
	Revoked bool   `json:"revoked"`
	Reason  string `json:"revocationReason"`
}

// CredentialID is how a credential names itself.
func CredentialID(id uuid.UUID) string { return id.URN() }

// NewCredential makes the file of an award that has been issued to whoever has an e-mail address. revocations is the
// address of the issuer's list.
func NewCredential(a *Award, from Profile, email string, what Achievement, revocations string) (Credential, error) {
	id, err := uuid.Parse(a.Credential)
	if err != nil {
		return Credential{}, fmt.Errorf("read the credential of award %d: %w", a.ID, err)
	}
	owner := uuid.NewSHA1(id, []byte("owner"))
	salt := hex.EncodeToString(owner[:8])
	hash := sha256.Sum256([]byte(strings.ToLower(email) + salt))
	since := a.CreatedAt.Std().UTC().Truncate(time.Second).Format(time.RFC3339)
	return Credential{
		Context: []string{
			"https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
			"https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
		},
		ID: CredentialID(id), Type: []string{"VerifiableCredential", "OpenBadgeCredential"},
		Name: what.Name, Issuer: from, ValidFrom: since, Awarded: since,
		Subject: CredentialOwner{
			ID: owner.URN(), Type: []string{"AchievementSubject"},
			Identifier: []HashedAddress{{
				Type: "IdentityObject", Hashed: true, IdentityHash: "sha256$" + hex.EncodeToString(hash[:]), IdentityType: "emailAddress", Salt: salt,
			}},
			Achievement: what,
		},
		Status: CredentialStatus{revocations, "1EdTechRevocationList"},
	}, nil
}

// Sign gives the credential as a JSON Web Token; key is the address at which anybody can read the public half. RS256 is
// what every verifier of the standard must know.
func (c *Credential) Sign(with *rsa.PrivateKey, key string) (string, error) {
	since, err := time.Parse(time.RFC3339, c.ValidFrom)
	if err != nil {
		return "", fmt.Errorf("sign badge %s: %w", c.ID, err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, struct {
		*Credential
		jwt.RegisteredClaims
	}{c, jwt.RegisteredClaims{Issuer: c.Issuer.ID, Subject: c.Subject.ID, ID: c.ID, NotBefore: jwt.NewNumericDate(since)}})
	token.Header["kid"] = key
	signed, err := token.SignedString(with)
	if err != nil {
		return "", fmt.Errorf("sign badge %s: %w", c.ID, err)
	}
	return signed, nil
}

// PublicKey is the public half of a key as a JSON Web Key.
type PublicKey struct {
	Type      string `json:"kty"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	ID        string `json:"kid"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

// NewPublicKey makes the public half that is read at an address.
func NewPublicKey(key *rsa.PublicKey, at string) PublicKey {
	return PublicKey{
		Type: "RSA", Algorithm: "RS256", Use: "sig", ID: at,
		Modulus:  base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

// Issue notes that an award is given out as a file, under an id that it keeps.
func Issue(ctx context.Context, tx bun.IDB, a *Award, id uuid.UUID) error {
	if a.Credential != "" {
		return nil
	}
	a.Credential = id.String()
	err := tx.NewUpdate().Model(a).Set("credential = CASE WHEN credential = '' THEN ? ELSE credential END", a.Credential).WherePK().Returning("credential").Scan(ctx, &a.Credential)
	if err != nil {
		return fmt.Errorf("give award %d out: %w", a.ID, err)
	}
	return nil
}

// mostRevoked bounds a list of revocations.
const mostRevoked = 10_000

// RevokedOf lists a brand's awards that were given out and taken back, the latest first.
func RevokedOf(ctx context.Context, db bun.IDB, brandID int64) ([]Revoked, error) {
	var taken []Award
	err := db.NewSelect().Model(&taken).Where("brand_id = ? AND credential <> '' AND revoked_at IS NOT NULL", brandID).
		Order("revoked_at DESC").Limit(mostRevoked).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what brand %d took back: %w", brandID, err)
	}
	all := make([]Revoked, len(taken))
	for i, a := range taken {
		id, err := uuid.Parse(a.Credential)
		if err != nil {
			return nil, fmt.Errorf("read the credential of award %d: %w", a.ID, err)
		}
		all[i] = Revoked{CredentialID(id), true, a.RevokedWhy}
		if a.RevokedWhy == "" {
			all[i].Reason = "The outcomes that it stood for do not stand any more."
		}
	}
	return all, nil
}

// HeldAward reads an award that a member holds; sql.ErrNoRows where they do not.
func HeldAward(ctx context.Context, db bun.IDB, memberID, id int64) (a Award, err error) {
	if err = db.NewSelect().Model(&a).Where("id = ? AND member_id = ? AND revoked_at IS NULL", id, memberID).Scan(ctx); err != nil {
		return a, fmt.Errorf("read award %d of member %d: %w", id, memberID, err)
	}
	return a, nil
}

// credentialKey keeps the pair with which an installation signs.
type credentialKey struct {
	bun.BaseModel `bun:"table:credential_keys"`

	ID        int64 `bun:",pk"`
	Sealed    []byte
	CreatedAt clock.Time
}

// SealedKey reads the sealed key with which an installation signs; nil if there is none yet.
func SealedKey(ctx context.Context, db bun.IDB) ([]byte, error) {
	var all []credentialKey
	if err := db.NewSelect().Model(&all).Where("id = 1").Scan(ctx); err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0].Sealed, nil
}

// KeepSealedKey stores the key unless another process was quicker.
func KeepSealedKey(ctx context.Context, tx bun.IDB, sealed []byte, now clock.Time) error {
	row := credentialKey{ID: 1, Sealed: sealed, CreatedAt: now}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("store the key of credentials: %w", err)
	}
	return nil
}
