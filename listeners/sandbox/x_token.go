package sandbox

import (
	"encoding/json"
	"net/http"
)

// token hands out bearer tokens: to applications (client_credentials) and to
// accounts that spend a refresh token, each of which is good once.
func (x *xFacade) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	client, _, basic := r.BasicAuth()
	if !basic {
		client = r.PostFormValue("client_id")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	refuse := func(status int, code, description string) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
	}
	if client == "" {
		refuse(http.StatusUnauthorized, "unauthorized_client", "Missing valid authorization header")
		return
	}
	x.world.mu.Lock()
	defer x.world.mu.Unlock()
	switch r.PostFormValue("grant_type") {
	case "client_credentials":
		json.NewEncoder(w).Encode(map[string]string{"token_type": "bearer", "access_token": x.world.grantApp(client)})
	case "refresh_token":
		token, a, ok := x.world.renew(r.PostFormValue("refresh_token"))
		if !ok || a.Network != "x" {
			refuse(http.StatusBadRequest, "invalid_request", "Value passed for the token was invalid.")
			return
		}
		json.NewEncoder(w).Encode(map[string]any{
			"token_type": "bearer", "access_token": token, "refresh_token": a.Refresh,
			"expires_in": int(grantLife.Seconds()), "scope": "tweet.read tweet.write users.read offline.access",
		})
	default:
		refuse(http.StatusBadRequest, "unsupported_grant_type", "Value passed for the grant_type was invalid.")
	}
}
