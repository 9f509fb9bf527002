// Package web is the app that members use in a browser: pages rendered on the server, made quicker by
// htmx and a few small scripts, and usable without them.
//
// A page is a handler and a view side by side (feed.go, feed.templ). A view is what a page knows of
// its request: who asks, in which language and theme, and the time. A frame is the layout of a
// page: rail, list, work and context. A mark is a small sign that always has a shape and a word.
// Everything a person reads comes from the two catalogs in strings.
package web

//go:generate go tool templ generate -log-level warn
//go:generate go run ./assets/build
