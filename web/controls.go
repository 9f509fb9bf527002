package web

func noticeIcon(look string) string {
	switch look {
	case "warning":
		return "triangle-alert"
	case "failure":
		return "circle-alert"
	}
	return "info"
}
