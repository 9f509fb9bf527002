package discourse

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"sync"
	"testing"
)

// applicationKey is ours in all tests: to make one takes longer than most of them.
var applicationKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// userKey makes a forum give us a key for one user, as an application asks for it: the person is sent to
// the forum's page, and comes back with the key sealed for us.
func userKey(t *testing.T, base, user string) string {
	t.Helper()
	private, err := applicationKey()
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)})
	form := url.Values{
		"application_name": {"Kith"}, "client_id": {"kith-test"}, "nonce": {"n1"}, "scopes": {"read,write,notifications,session_info"},
		"public_key": {string(public)}, "auth_redirect": {"https://kith.test/back"}, "as": {user},
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(base + "/user-api-key/new?" + form.Encode())
	if err != nil || page.StatusCode != 200 {
		t.Fatalf("the forum's page: %v, %v", page, err)
	}
	page.Body.Close()
	res, err := client.PostForm(base+"/user-api-key", form)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	to, err := res.Location()
	if err != nil || to.Host != "kith.test" {
		t.Fatalf("sent back to %v, %v", to, err)
	}
	sealed, err := base64.StdEncoding.DecodeString(to.Query().Get("payload"))
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 this is how a forum seals keys
	plain, err := rsa.DecryptPKCS1v15(rand.Reader, private, sealed)
	if err != nil {
		t.Fatal(err)
	}
	var granted struct{ Key, Nonce string }
	if err := json.Unmarshal(plain, &granted); err != nil || granted.Key == "" || granted.Nonce != "n1" {
		t.Fatalf("granted %s: %v", plain, err)
	}
	return granted.Key
}
