package web

import "net/http"

// reviewed is what Meta's app review asks for one permission: what it is used for, and what the screencast
// must show. The texts are English, for the people at Meta who read them.
type reviewed struct {
	Permission string
	Use        string
	Shows      []string
}

// facebookKit is what a brand hands in for the review of its own app, permission by permission.
var facebookKit = []reviewed{
	{
		"pages_show_list",
		"When an administrator connects a Facebook Page, our app lists the Pages that they manage, so that they can choose the one whose customers will be answered. The list is shown once, and Pages that are not chosen are not stored.",
		[]string{"Open Settings → Connections → Connect an account → Facebook.", "Press “Go to Facebook”, sign in, and allow the app.", "Back in the app, show the list of Pages and tick one."},
	},
	{
		"pages_manage_metadata",
		"Our app subscribes the connected Page to its webhooks (feed, mention, messages), so that questions reach the team within seconds rather than at the next poll. No other setting of the Page is read or changed.",
		[]string{"Finish connecting the Page.", "Show the connection's page: “New posts: Brought at once”.", "Write a comment on the Page as somebody else and show it arriving."},
	},
	{
		"pages_read_engagement",
		"Our app reads the Page's own posts and their comments, so that each question is shown in the conversation it belongs to, and so that an answer that somebody wrote on Facebook itself is recognised and nobody answers twice.",
		[]string{"Open a case and show the Page's post above the customer's comment.", "Answer another comment directly on Facebook and show its case as answered elsewhere."},
	},
	{
		"pages_read_user_content",
		"Our app reads comments, visitor posts and reviews that people write on the connected Page. These are the questions that the team answers; without them there is nothing to answer. What a person deletes on Facebook is deleted in our app as soon as we hear of it.",
		[]string{"Comment on a post of the Page as a customer.", "Show the comment in the list of open cases, with its link to Facebook.", "Delete the comment on Facebook and show that its text is gone from the case."},
	},
	{
		"pages_manage_engagement",
		"When a member of the team has written an answer and it has been approved, our app posts it as the Page, as a reply to the customer's comment. Nothing is posted without a person who wrote it. The team can also edit or delete its own answer, and hide a comment that holds somebody's phone number.",
		[]string{"Open the case, press “Claim”, write an answer and send it.", "If it waits for review, approve it as a second person.", "Show the reply below the customer's comment on Facebook."},
	},
	{
		"pages_messaging",
		"When a customer writes to the Page in Messenger, the Page's own employees read the message and answer it within the 24 hours that the policy gives (7 days with the human agent tag, by a person). Messages are never shown to volunteers unless an employee releases one.",
		[]string{"Write to the Page in Messenger as a customer.", "Show the message as a private case, to an employee.", "Answer it and show the answer in Messenger."},
	},
}

// beforeReview are the steps of the whole way, as ids of texts.
var beforeReview = []string{
	"facebook_review.step_app", "facebook_review.step_verify", "facebook_review.step_roles", "facebook_review.step_addresses",
	"facebook_review.step_record", "facebook_review.step_submit",
}

// address is one that Meta asks for in the settings of the app.
type address struct{ name, url string }

func (a *App) facebookAddresses() []address {
	public := a.Connector.PublicURL
	return []address{
		{"facebook_review.redirect", a.Connector.RedirectURL()},
		{"facebook_review.deletion", public + "/facebook/data-deletion"},
		{"facebook_review.deauthorize", public + "/facebook/deauthorize"},
	}
}

func (a *App) facebookReview(w http.ResponseWriter, r *http.Request) error {
	return render(w, r, http.StatusOK, facebookReviewPage(a.facebookAddresses()))
}
