package sandbox

import "net/http"

func (n *Network) pageRoutes() http.Handler { return http.NotFoundHandler() }
