package web

var themes = []struct{ value, text string }{
	{"", "theme.system"},
	{"light", "theme.light"},
	{"dark", "theme.dark"},
}

var roleText = map[string]string{
	"advocate":  "role.advocate",
	"moderator": "role.moderator",
	"expert":    "role.expert",
	"admin":     "role.admin",
}

func pressed(on bool) string {
	if on {
		return "true"
	}
	return "false"
}
