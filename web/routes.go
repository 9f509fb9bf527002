package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// Routes are the pages of the app, each with what the policy must allow for it. A page that is not
// listed does not exist.
func (a *App) Routes() []access.Route {
	limited := a.Guard.LimitSignIn
	return []access.Route{
		// The way in and out.
		{Method: "GET", Pattern: "/", Object: "home", Action: "read", Handler: a.page(a.home)},
		{Method: "GET", Pattern: "/sign-in", Object: "sign-in", Action: "use", Handler: a.page(a.signInForm)},
		{Method: "POST", Pattern: "/sign-in", Object: "sign-in", Action: "use", Handler: limited(a.page(a.signIn))},
		{Method: "GET", Pattern: "/sign-in/{secret}", Object: "sign-in", Action: "use", Handler: a.page(a.linkForm)},
		{Method: "POST", Pattern: "/sign-in/{secret}", Object: "sign-in", Action: "use", Handler: limited(a.page(a.signInByLink))},
		{Method: "GET", Pattern: "/offline", Object: "asset", Action: "read", Handler: a.page(a.offline)},
		{Method: "POST", Pattern: "/sign-out", Object: "session", Action: "end", Handler: a.page(a.signOut)},
		{Method: "POST", Pattern: "/sign-out/everywhere", Object: "session", Action: "end", Handler: a.page(a.signOutEverywhere)},
		{Method: "POST", Pattern: "/preferences", Object: "preferences", Action: "change", Handler: a.page(a.prefer)},

		// Becoming an advocate.
		{Method: "GET", Pattern: "/join/{brand}", Object: "join", Action: "use", Handler: a.page(a.join)},
		{Method: "POST", Pattern: "/join/{brand}", Object: "join", Action: "use", Handler: limited(a.page(a.apply))},
		{Method: "GET", Pattern: "/join/invited/{secret}", Object: "join", Action: "use", Handler: a.page(a.joinInvited)},
		{Method: "POST", Pattern: "/join/invited/{secret}", Object: "join", Action: "use", Handler: limited(a.page(a.applyInvited))},
		{Method: "GET", Pattern: "/application", Object: "application", Action: "follow", Handler: a.page(a.application)},
		{Method: "POST", Pattern: "/application/withdraw", Object: "application", Action: "follow", Handler: a.page(a.withdrawApplication)},
		{Method: "GET", Pattern: "/learn", Object: "practice", Action: "use", Handler: a.page(a.learn)},
		{Method: "GET", Pattern: "/learn/{topic}", Object: "practice", Action: "use", Handler: a.page(a.practise)},
		{Method: "POST", Pattern: "/learn/{topic}", Object: "practice", Action: "use", Handler: a.page(a.tryCase)},
		{Method: "GET", Pattern: "/learn/{topic}/test", Object: "practice", Action: "use", Handler: a.page(a.test)},
		{Method: "POST", Pattern: "/learn/{topic}/test", Object: "practice", Action: "use", Handler: a.page(a.startTest)},
		{Method: "POST", Pattern: "/learn/{topic}/test/answer", Object: "practice", Action: "use", Handler: a.page(a.answerTest)},

		// Answering.
		{Method: "GET", Pattern: "/feed", Object: "case", Action: "read", Handler: a.page(a.feed)},
		{Method: "GET", Pattern: "/cases/{case}", Object: "case", Action: "read", Handler: a.page(a.oneCase)},
		{Method: "POST", Pattern: "/cases/{case}/claim", Object: "case", Action: "claim", Handler: a.page(a.claim)},
		{Method: "POST", Pattern: "/cases/{case}/leave-incident", Object: "case", Action: "claim", Handler: a.page(a.leaveIncident)},
		{Method: "POST", Pattern: "/cases/{case}/release", Object: "case", Action: "claim", Handler: a.page(a.release)},
		{Method: "POST", Pattern: "/cases/{case}/draft", Object: "answer", Action: "write", Handler: a.page(a.saveDraft)},
		{Method: "POST", Pattern: "/cases/{case}/answers", Object: "answer", Action: "write", Handler: a.page(a.submit)},
		{Method: "POST", Pattern: "/cases/{case}/begin", Object: "answer", Action: "write", Handler: a.page(a.begin)},
		{Method: "POST", Pattern: "/cases/{case}/assist", Object: "answer", Action: "write", Handler: a.page(a.assist)},
		{Method: "POST", Pattern: "/cases/{case}/check", Object: "answer", Action: "write", Handler: a.page(a.checkText)},
		{Method: "POST", Pattern: "/cases/{case}/reveal", Object: "case", Action: "reveal", Handler: a.page(a.reveal)},
		{Method: "POST", Pattern: "/cases/{case}/notes", Object: "note", Action: "write", Handler: a.page(a.addNote)},
		{Method: "POST", Pattern: "/notes/{note}/reply", Object: "note", Action: "write", Handler: a.page(a.replyToNote)},
		{Method: "POST", Pattern: "/cases/{case}/correct", Object: "label", Action: "write", Handler: a.page(a.correct)},
		{Method: "POST", Pattern: "/cases/{case}/escalate", Object: "case", Action: "escalate", Handler: a.page(a.escalate)},
		{Method: "POST", Pattern: "/cases/{case}/handover", Object: "case", Action: "close", Handler: a.page(a.judgeHandover)},
		{Method: "POST", Pattern: "/cases/{case}/close", Object: "case", Action: "close", Handler: a.page(a.closeCase)},
		{Method: "POST", Pattern: "/cases/{case}/let-go", Object: "case", Action: "close", Handler: a.page(a.endHold)},
		{Method: "POST", Pattern: "/cases/{case}/presence", Object: "case", Action: "read", Handler: a.page(a.present)},
		{Method: "GET", Pattern: "/cases", Object: "casework", Action: "read", Handler: a.page(a.casework)},
		{Method: "POST", Pattern: "/cases", Object: "casework", Action: "change", Handler: a.page(a.sortCases)},
		{Method: "POST", Pattern: "/cases/{case}/decline", Object: "case", Action: "claim", Handler: a.page(a.decline)},
		{Method: "POST", Pattern: "/cases/{case}/pass", Object: "case", Action: "claim", Handler: a.page(a.passOn)},
		{Method: "POST", Pattern: "/cases/{case}/take-over", Object: "case", Action: "take_over", Handler: a.page(a.takeOver)},
		{Method: "POST", Pattern: "/cases/{case}/start-from", Object: "answer", Action: "write", Handler: a.page(a.startFrom)},
		{Method: "POST", Pattern: "/answers/{answer}/take-back", Object: "answer", Action: "write", Handler: a.page(a.takeBack)},
		{Method: "GET", Pattern: "/paste", Object: "case", Action: "bring", Handler: a.page(a.paste)},
		{Method: "POST", Pattern: "/paste", Object: "case", Action: "bring", Handler: a.page(a.bring)},
		{Method: "GET", Pattern: "/share", Object: "case", Action: "bring", Handler: a.page(a.paste)}, // of the web app manifest
		{Method: "GET", Pattern: "/mine", Object: "case", Action: "read", Handler: a.page(a.mine)},

		// Reviewing.
		{Method: "GET", Pattern: "/review", Object: "review", Action: "read", Handler: a.page(a.review)},
		{Method: "GET", Pattern: "/review/{answer}", Object: "review", Action: "read", Handler: a.page(a.review)},
		{Method: "POST", Pattern: "/review/{answer}/approve", Object: "answer", Action: "decide", Handler: a.page(a.approve)},
		{Method: "POST", Pattern: "/review/{answer}/return", Object: "answer", Action: "decide", Handler: a.page(a.returnAnswer)},
		{Method: "POST", Pattern: "/review/{answer}/staff", Object: "answer", Action: "decide", Handler: a.page(a.reviewToStaff)},
		{Method: "POST", Pattern: "/review/{answer}/undo", Object: "answer", Action: "decide", Handler: a.page(a.undoApproval)},
		{Method: "POST", Pattern: "/review/{answer}/take-over", Object: "answer", Action: "decide", Handler: a.page(a.takeOverAnswer)},
		{Method: "POST", Pattern: "/review/{answer}/override", Object: "answer", Action: "override", Handler: a.page(a.override)},
		{Method: "POST", Pattern: "/review/{answer}/again", Object: "override", Action: "review", Handler: a.page(a.lookAgain)},
		{Method: "POST", Pattern: "/review/{answer}/appeal", Object: "appeal", Action: "decide", Handler: a.page(a.decideAppeal)},
		{Method: "POST", Pattern: "/answers/{answer}/appeal", Object: "answer", Action: "write", Handler: a.page(a.appeal)},
		{Method: "GET", Pattern: "/duty", Object: "duty", Action: "keep", Handler: a.page(a.duty)},
		{Method: "POST", Pattern: "/duty", Object: "duty", Action: "keep", Handler: a.page(a.setDuty)},
		{Method: "POST", Pattern: "/replies/{reply}/settle", Object: "reply", Action: "settle", Handler: a.page(a.settleReply)},

		// How answers leave.
		{Method: "GET", Pattern: "/replies/{reply}/hand", Object: "reply", Action: "post", Handler: a.page(a.hand)},
		{Method: "POST", Pattern: "/replies/{reply}/hand", Object: "reply", Action: "post", Handler: a.page(a.postedByHand)},
		{Method: "POST", Pattern: "/replies/{reply}/give-up", Object: "reply", Action: "post", Handler: a.page(a.giveUpHand)},
		{Method: "GET", Pattern: "/replies/{reply}/change", Object: "reply", Action: "correct", Handler: a.page(a.change)},
		{Method: "POST", Pattern: "/replies/{reply}/correct", Object: "reply", Action: "correct", Handler: a.page(a.correctReply)},
		{Method: "POST", Pattern: "/replies/{reply}/delete", Object: "reply", Action: "delete", Handler: a.page(a.deleteReply)},
		{Method: "GET", Pattern: "/posts/{mention}/hide", Object: "post", Action: "hide", Handler: a.page(a.hidePost)},
		{Method: "POST", Pattern: "/posts/{mention}/hide", Object: "post", Action: "hide", Handler: a.page(a.hidePost)},
		{Method: "POST", Pattern: "/posts/{mention}/show", Object: "post", Action: "hide", Handler: a.page(a.showPost)},
		{Method: "GET", Pattern: "/sending", Object: "sending", Action: "read", Handler: a.page(a.sending)},
		{Method: "POST", Pattern: "/sending/switch", Object: "sending", Action: "switch", Handler: a.page(a.switchSending)},

		// What it brings.
		{Method: "GET", Pattern: "/points", Object: "points", Action: "read", Handler: a.page(a.points)},
		{Method: "POST", Pattern: "/points/fair/{fair}/appeal", Object: "points", Action: "appeal", Handler: a.page(a.appealFair)},
		{Method: "GET", Pattern: "/badges", Object: "points", Action: "read", Handler: a.page(a.badges)},
		{Method: "POST", Pattern: "/badges/{award}/credential", Object: "credential", Action: "issue", Handler: a.page(a.credential)},
		{Method: "GET", Pattern: "/credentials/key", Object: "credential", Action: "read", Handler: a.page(a.credentialKey)},
		{Method: "GET", Pattern: "/credentials/brands/{brand}", Object: "credential", Action: "read", Handler: a.page(a.issuer)},
		{Method: "GET", Pattern: "/credentials/brands/{brand}/revocations", Object: "credential", Action: "read", Handler: a.page(a.revocations)},
		{Method: "GET", Pattern: "/credentials/brands/{brand}/badges/{badge}/{tier}", Object: "credential", Action: "read", Handler: a.page(a.achievement)},
		{Method: "GET", Pattern: "/credentials/brands/{brand}/badges/{badge}/{tier}/drawing", Object: "credential", Action: "read", Handler: a.page(a.drawing)},
		{Method: "GET", Pattern: "/board", Object: "leaderboard", Action: "read", Handler: a.page(a.board)},
		{Method: "GET", Pattern: "/league", Object: "leaderboard", Action: "read", Handler: a.page(a.league)},
		{Method: "POST", Pattern: "/quests", Object: "quest", Action: "choose", Handler: a.page(a.chooseQuest)},
		{Method: "GET", Pattern: "/progress", Object: "points", Action: "read", Handler: a.page(a.progress)},
		{Method: "GET", Pattern: "/thanks", Object: "points", Action: "read", Handler: a.page(a.thanks)},
		{Method: "GET", Pattern: "/rewards", Object: "reward", Action: "read", Handler: a.page(a.rewards)},
		{Method: "POST", Pattern: "/rewards", Object: "reward", Action: "offer", Handler: a.page(a.changesRewards(startProgramme))},
		{Method: "POST", Pattern: "/rewards/cash-like", Object: "reward", Action: "offer", Handler: a.page(a.changesRewards(allowCashLike))},
		{Method: "POST", Pattern: "/rewards/{programme}/end", Object: "reward", Action: "offer", Handler: a.page(a.changesRewards(endProgramme))},
		{Method: "POST", Pattern: "/rewards/{programme}/ask", Object: "reward", Action: "ask", Handler: a.page(a.changesRewards(askForReward))},
		{Method: "POST", Pattern: "/rewards/{programme}/requests/{request}", Object: "reward", Action: "decide", Handler: a.page(a.changesRewards(decideReward))},
		{Method: "POST", Pattern: "/league/ranked", Object: "wellbeing", Action: "change", Handler: a.page(a.rank)},

		// Whether it was earned fairly.
		{Method: "GET", Pattern: "/fair-play", Object: "fair-play", Action: "read", Handler: a.page(a.fairPlay)},
		{Method: "GET", Pattern: "/fair-play/{fair}", Object: "fair-play", Action: "read", Handler: a.page(a.fairCase)},
		{Method: "POST", Pattern: "/fair-play/{fair}/decide", Object: "fair-play", Action: "decide", Handler: a.page(a.decideFair)},
		{Method: "POST", Pattern: "/fair-play/{fair}/hear", Object: "fair-play", Action: "decide", Handler: a.page(a.hearFairAppeal)},

		// What one may do, and what the brand's people can do about it.
		{Method: "GET", Pattern: "/trust", Object: "trust", Action: "read", Handler: a.page(a.trust)},
		{Method: "GET", Pattern: "/people/{member}/trust", Object: "trust", Action: "change", Handler: a.page(a.memberTrust)},
		{Method: "POST", Pattern: "/people/{member}/trust/grant", Object: "trust", Action: "change", Handler: a.page(a.grantTrust)},
		{Method: "POST", Pattern: "/people/{member}/trust/guide", Object: "trust", Action: "change", Handler: a.page(a.proposeGuide)},
		{Method: "POST", Pattern: "/people/{member}/trust/leak", Object: "trust", Action: "change", Handler: a.page(a.reportLeak)},

		// Being well.
		{Method: "GET", Pattern: "/rest", Object: "wellbeing", Action: "read", Handler: a.page(a.rest)},
		{Method: "POST", Pattern: "/rest/go-on", Object: "wellbeing", Action: "change", Handler: a.page(a.goOn)},
		{Method: "POST", Pattern: "/me/care", Object: "wellbeing", Action: "change", Handler: a.page(a.care)},
		{Method: "POST", Pattern: "/me/shield", Object: "wellbeing", Action: "change", Handler: a.page(a.shield)},

		// Oneself.
		{Method: "GET", Pattern: "/me", Object: "me", Action: "read", Handler: a.page(a.me)},
		{Method: "POST", Pattern: "/me/brand", Object: "brand", Action: "choose", Handler: a.page(a.chooseBrand)},
		{Method: "POST", Pattern: "/me/password", Object: "password", Action: "change", Handler: limited(a.page(a.changePassword))},
		{Method: "POST", Pattern: "/me/tokens", Object: "token", Action: "manage", Handler: a.page(a.addToken)},
		{Method: "POST", Pattern: "/me/tokens/{token}/revoke", Object: "token", Action: "manage", Handler: a.page(a.revokeToken)},
		{Method: "POST", Pattern: "/me/devices", Object: "device", Action: "manage", Handler: a.page(a.addDevice)},
		{Method: "POST", Pattern: "/me/devices/{device}/remove", Object: "device", Action: "manage", Handler: a.page(a.removeDevice)},
		{Method: "POST", Pattern: "/me/pushes", Object: "device", Action: "manage", Handler: a.page(a.setPushes)},
		{Method: "GET", Pattern: "/notices", Object: "notice", Action: "read", Handler: a.page(a.notices)},
		{Method: "POST", Pattern: "/notices/read", Object: "notice", Action: "read", Handler: a.page(a.readNotices)},

		{Method: "GET", Pattern: "/profile", Object: "profile", Action: "change", Handler: a.page(a.profile)},
		{Method: "POST", Pattern: "/profile", Object: "profile", Action: "change", Handler: a.page(a.changeProfile)},
		{Method: "POST", Pattern: "/profile/leave", Object: "membership", Action: "end", Handler: a.page(a.leave)},

		// Who takes part.
		{Method: "GET", Pattern: "/people", Object: "member", Action: "read", Handler: a.page(a.people)},
		{Method: "GET", Pattern: "/people/applications", Object: "applicant", Action: "read", Handler: a.page(a.applications)},
		{Method: "POST", Pattern: "/people/applications/{application}/accept", Object: "applicant", Action: "decide", Handler: a.page(a.acceptApplicant)},
		{Method: "POST", Pattern: "/people/applications/{application}/decline", Object: "applicant", Action: "decide", Handler: a.page(a.declineApplicant)},
		{Method: "GET", Pattern: "/people/invitations", Object: "invitation", Action: "make", Handler: a.page(a.invitations)},
		{Method: "POST", Pattern: "/people/invitations", Object: "invitation", Action: "make", Handler: a.page(a.invite)},
		{Method: "POST", Pattern: "/people/invitations/{invitation}/revoke", Object: "invitation", Action: "make", Handler: a.page(a.revokeInvitation)},
		{Method: "GET", Pattern: "/people/scout", Object: "scout", Action: "use", Handler: a.page(a.scout)},
		{Method: "POST", Pattern: "/people/scout/{account}/invite", Object: "scout", Action: "use", Handler: a.page(a.inviteHelper)},
		{Method: "GET", Pattern: "/people/practice", Object: "practice", Action: "write", Handler: a.page(a.teach)},
		{Method: "POST", Pattern: "/people/practice", Object: "practice", Action: "write", Handler: a.page(a.addPractice)},
		{Method: "GET", Pattern: "/people/{member}", Object: "member", Action: "read", Handler: a.page(a.member)},
		{Method: "POST", Pattern: "/people/{member}/award", Object: "trust", Action: "change", Handler: a.page(a.giveAward)},
		{Method: "POST", Pattern: "/people/{member}/accounts", Object: "member", Action: "manage", Handler: a.page(a.nameAccount)},
		{Method: "POST", Pattern: "/people/{member}/teams", Object: "member", Action: "manage", Handler: a.page(a.setTeams)},
		{Method: "POST", Pattern: "/people/{member}/suspend", Object: "member", Action: "manage", Handler: a.page(a.suspend)},
		{Method: "POST", Pattern: "/people/{member}/reinstate", Object: "member", Action: "manage", Handler: a.page(a.reinstate)},
		{Method: "POST", Pattern: "/people/{member}/alumni", Object: "member", Action: "manage", Handler: a.page(a.letGo)},

		// Texts that are kept ready.
		{Method: "GET", Pattern: "/snippets", Object: "snippet", Action: "read", Handler: a.page(a.snippets)},
		{Method: "POST", Pattern: "/snippets", Object: "snippet", Action: "change", Handler: a.page(a.keepSnippet)},
		{Method: "POST", Pattern: "/snippets/{snippet}", Object: "snippet", Action: "change", Handler: a.page(a.keepSnippet)},
		{Method: "POST", Pattern: "/snippets/{snippet}/retire", Object: "snippet", Action: "change", Handler: a.page(a.retireSnippet)},
		{Method: "POST", Pattern: "/snippets/{snippet}/suggest", Object: "snippet", Action: "suggest", Handler: a.page(a.suggestWording)},
		{Method: "POST", Pattern: "/wordings/{wording}/decide", Object: "snippet", Action: "change", Handler: a.page(a.decideWording)},

		// What a brand's people set.
		{Method: "GET", Pattern: "/settings", Object: "settings", Action: "read", Handler: a.page(a.settings)},
		{Method: "GET", Pattern: "/settings/programme", Object: "settings", Action: "read", Handler: a.page(a.programme)},
		{Method: "POST", Pattern: "/settings/programme", Object: "programme", Action: "change", Handler: a.page(a.changeProgramme)},
		{Method: "GET", Pattern: "/settings/limits", Object: "settings", Action: "read", Handler: a.page(a.limits)},
		{Method: "POST", Pattern: "/settings/limits", Object: "settings", Action: "change", Handler: a.page(a.setLimits)},
		{Method: "GET", Pattern: "/settings/trust", Object: "settings", Action: "read", Handler: a.page(a.trustSettings)},
		{Method: "POST", Pattern: "/settings/trust", Object: "settings", Action: "change", Handler: a.page(a.setTrustSettings)},
		{Method: "GET", Pattern: "/settings/wellbeing", Object: "settings", Action: "read", Handler: a.page(a.wellbeingSettings)},
		{Method: "POST", Pattern: "/settings/wellbeing", Object: "settings", Action: "change", Handler: a.page(a.setWellbeingSettings)},
		{Method: "GET", Pattern: "/settings/promise", Object: "settings", Action: "read", Handler: a.page(a.promiseSettings)},
		{Method: "POST", Pattern: "/settings/promise", Object: "settings", Action: "change", Handler: a.page(a.setPromiseSettings)},
		{Method: "GET", Pattern: "/settings/points", Object: "settings", Action: "read", Handler: a.page(a.pointsSettings)},
		{Method: "POST", Pattern: "/settings/points", Object: "settings", Action: "change", Handler: a.page(a.changePoints)},
		{Method: "GET", Pattern: "/settings/seasons", Object: "settings", Action: "read", Handler: a.page(a.seasonsSettings)},
		{Method: "POST", Pattern: "/settings/seasons", Object: "settings", Action: "change", Handler: a.page(a.setSeasonsSettings)},
		{Method: "GET", Pattern: "/settings/waits", Object: "settings", Action: "read", Handler: a.page(a.waitsSettings)},
		{Method: "POST", Pattern: "/settings/waits", Object: "settings", Action: "change", Handler: a.page(a.setWaitsSettings)},
		{Method: "GET", Pattern: "/settings/review", Object: "settings", Action: "read", Handler: a.page(a.reviewSettings)},
		{Method: "POST", Pattern: "/settings/review", Object: "settings", Action: "change", Handler: a.page(a.setReviewSettings)},
		{Method: "GET", Pattern: "/settings/voice", Object: "settings", Action: "read", Handler: a.page(a.voice)},
		{Method: "POST", Pattern: "/settings/voice", Object: "settings", Action: "change", Handler: a.page(a.changeVoice)},

		// What a connection listens for.
		{Method: "GET", Pattern: "/connections/{connection}/listening", Object: "listening", Action: "change", Handler: a.page(a.listening)},
		{Method: "POST", Pattern: "/connections/{connection}/listening", Object: "listening", Action: "change", Handler: a.page(a.keepRule)},
		{Method: "POST", Pattern: "/connections/{connection}/listening/try", Object: "listening", Action: "change", Handler: a.page(a.tryRule)},
		{Method: "POST", Pattern: "/connections/{connection}/listening/{rule}", Object: "listening", Action: "change", Handler: a.page(a.keepRule)},
		{Method: "POST", Pattern: "/connections/{connection}/listening/{rule}/remove", Object: "listening", Action: "change", Handler: a.page(a.removeRule)},

		// How it goes.
		{Method: "GET", Pattern: "/reports", Object: "report", Action: "read", Handler: a.page(a.reports)},
		{Method: "GET", Pattern: "/reports/cases", Object: "report", Action: "read", Handler: a.page(a.casesBehind)},
		{Method: "GET", Pattern: "/reports/file", Object: "report", Action: "read", Handler: a.page(a.reportFile)},

		// What happens to customers' posts.
		{Method: "GET", Pattern: "/rules", Object: "rules", Action: "read", Handler: a.page(a.rules)},
		{Method: "POST", Pattern: "/rules", Object: "rules", Action: "change", Handler: a.page(a.changeRules)},
		{Method: "POST", Pattern: "/rules/try", Object: "rules", Action: "change", Handler: a.page(a.tryRules)},
		{Method: "GET", Pattern: "/simulation", Object: "simulation", Action: "read", Handler: a.page(a.simulation)},
		{Method: "POST", Pattern: "/simulation", Object: "simulation", Action: "change", Handler: a.page(a.changeSimulation)},
		{Method: "GET", Pattern: "/rules/{place}", Object: "rules", Action: "read", Handler: a.page(a.rule)},
		{Method: "POST", Pattern: "/rules/{place}", Object: "rules", Action: "change", Handler: a.page(a.writeRule)},

		// How well what is heard is understood.
		{Method: "GET", Pattern: "/quality", Object: "quality", Action: "read", Handler: a.page(a.quality)},
		{Method: "POST", Pattern: "/quality/learn", Object: "quality", Action: "change", Handler: a.page(a.learnNow)},
		{Method: "POST", Pattern: "/quality/version", Object: "quality", Action: "change", Handler: a.page(a.pinVersion)},
		{Method: "POST", Pattern: "/quality/threshold", Object: "settings", Action: "change", Handler: a.page(a.setThreshold)},
		{Method: "GET", Pattern: "/quality/audit", Object: "quality", Action: "read", Handler: a.page(a.audit)},
		{Method: "POST", Pattern: "/quality/audit", Object: "quality", Action: "change", Handler: a.page(a.labelDrawn)},
		{Method: "GET", Pattern: "/settings/topics", Object: "settings", Action: "read", Handler: a.page(a.topics)},
		{Method: "GET", Pattern: "/settings/topics/{topic}", Object: "settings", Action: "read", Handler: a.page(a.topic)},
		{Method: "POST", Pattern: "/settings/topics/{topic}", Object: "settings", Action: "change", Handler: a.page(a.saveTopic)},
		{Method: "POST", Pattern: "/settings/topics/{topic}/delete", Object: "settings", Action: "change", Handler: a.page(a.deleteTopic)},

		// Accounts on networks.
		{Method: "GET", Pattern: "/connections", Object: "connection", Action: "read", Handler: a.page(a.connections)},
		{Method: "GET", Pattern: "/connections/add", Object: "connection", Action: "change", Handler: a.page(a.chooseNetwork)},
		{Method: "GET", Pattern: "/connections/add/{network}", Object: "connection", Action: "change", Handler: a.page(a.connectForm)},
		{Method: "POST", Pattern: "/connections/add/{network}", Object: "connection", Action: "change", Handler: a.page(a.connectAccount)},
		{Method: "GET", Pattern: "/connections/attempts/{attempt}", Object: "connection", Action: "change", Handler: a.page(a.attempt)},
		{Method: "POST", Pattern: "/connections/attempts/{attempt}", Object: "connection", Action: "change", Handler: a.page(a.chooseAccounts)},
		{Method: "GET", Pattern: "/connections/callback", Object: "connection", Action: "change", Handler: a.page(a.callback)},
		{Method: "GET", Pattern: "/connections/facebook-review", Object: "connection", Action: "change", Handler: a.page(a.facebookReview)},
		{Method: "GET", Pattern: "/connections/{connection}", Object: "connection", Action: "read", Handler: a.page(a.connection)},
		{Method: "POST", Pattern: "/connections/{connection}/test", Object: "connection", Action: "change", Handler: a.page(a.testConnection)},
		{Method: "POST", Pattern: "/connections/{connection}/pause", Object: "connection", Action: "change", Handler: a.page(a.changesConnection("paused", listeners.Pause))},
		{Method: "POST", Pattern: "/connections/{connection}/resume", Object: "connection", Action: "change", Handler: a.page(a.changesConnection("resumed", listeners.Resume))},
		{Method: "POST", Pattern: "/connections/{connection}/stop", Object: "connection", Action: "change", Handler: a.page(a.switchesSending("stopped", stopSending))},
		{Method: "POST", Pattern: "/connections/{connection}/start", Object: "connection", Action: "change", Handler: a.page(a.switchesSending("started", resumeSending))},
		{Method: "POST", Pattern: "/connections/{connection}/budget", Object: "connection", Action: "change", Handler: a.page(a.setBudget)},
		{Method: "POST", Pattern: "/connections/{connection}/hide-phones", Object: "connection", Action: "change", Handler: a.page(a.changesConnection("phones_hidden", hidePhones(true)))},
		{Method: "POST", Pattern: "/connections/{connection}/show-phones", Object: "connection", Action: "change", Handler: a.page(a.changesConnection("phones_shown", hidePhones(false)))},
		{Method: "POST", Pattern: "/connections/{connection}/remove", Object: "connection", Action: "change", Handler: a.page(a.removeConnection)},
		{Method: "GET", Pattern: "/connections/{connection}/hearing", Object: "connection", Action: "read", Handler: a.page(a.hearing)},
		{Method: "POST", Pattern: "/connections/{connection}/hearing/gaps/{gap}/fill", Object: "connection", Action: "change", Handler: a.page(a.mends("fill", "gap", fillGap))},
		{Method: "POST", Pattern: "/connections/{connection}/hearing/letters/retry", Object: "connection", Action: "change", Handler: a.page(a.mends("retry", "", retryLetters))},
		{Method: "POST", Pattern: "/connections/{connection}/hearing/letters/dismiss", Object: "connection", Action: "change", Handler: a.page(a.mends("dismiss", "", dismissLetters))},
		{Method: "POST", Pattern: "/connections/{connection}/hearing/letters/{letter}/retry", Object: "connection", Action: "change", Handler: a.page(a.mends("retry", "letter", listeners.RetryLetter))},
		{Method: "POST", Pattern: "/connections/{connection}/hearing/letters/{letter}/dismiss", Object: "connection", Action: "change", Handler: a.page(a.mends("dismiss", "letter", dismissLetter))},

		// What a brand's people are called for.
		{Method: "GET", Pattern: "/incidents", Object: "incident", Action: "read", Handler: a.page(a.incidents)},
		{Method: "POST", Pattern: "/incidents", Object: "incident", Action: "change", Handler: a.page(a.openIncident)},
		{Method: "GET", Pattern: "/incidents/{incident}", Object: "incident", Action: "read", Handler: a.page(a.incident)},
		{Method: "POST", Pattern: "/incidents/{incident}/end", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(endIncident))},
		{Method: "POST", Pattern: "/incidents/{incident}/reopen", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(reopenIncident))},
		{Method: "POST", Pattern: "/incidents/{incident}/facts", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(lockFacts))},
		{Method: "POST", Pattern: "/incidents/{incident}/statements", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(writeStatement))},
		{Method: "POST", Pattern: "/incidents/{incident}/statements/{statement}/approve", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(a.approveStatement))},
		{Method: "POST", Pattern: "/incidents/{incident}/statements/{statement}/drop", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(dropStatement))},
		{Method: "POST", Pattern: "/incidents/{incident}/said/{announcement}", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(a.settleAnnounced))},
		{Method: "POST", Pattern: "/incidents/{incident}/cover", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(coverCases))},
		{Method: "POST", Pattern: "/incidents/{incident}/uncover", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(uncoverCases))},
		{Method: "POST", Pattern: "/incidents/{incident}/clusters", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(putCluster))},
		{Method: "POST", Pattern: "/incidents/{incident}/call", Object: "incident", Action: "change", Handler: a.page(a.changesIncident(callReserves))},
		{Method: "GET", Pattern: "/alerts", Object: "alert", Action: "read", Handler: a.page(a.alerts)},
		{Method: "GET", Pattern: "/alerts/receivers", Object: "alert", Action: "read", Handler: a.page(a.receivers)},
		{Method: "POST", Pattern: "/alerts/receivers", Object: "settings", Action: "change", Handler: a.page(a.addReceiver)},
		{Method: "POST", Pattern: "/alerts/receivers/{receiver}/try", Object: "settings", Action: "change", Handler: a.page(a.changesReceiver("tried", moderation.TryReceiver))},
		{Method: "POST", Pattern: "/alerts/receivers/{receiver}/remove", Object: "settings", Action: "change", Handler: a.page(a.changesReceiver("removed", moderation.RemoveReceiver))},
		{Method: "POST", Pattern: "/alerts/{alert}/take", Object: "alert", Action: "take", Handler: a.page(a.changesAlert(moderation.TakeAlert))},
		{Method: "POST", Pattern: "/alerts/{alert}/close", Object: "alert", Action: "take", Handler: a.page(a.changesAlert(moderation.CloseAlert))},

		// Customers who want to hear nothing more, or to be forgotten.
		{Method: "GET", Pattern: "/customers", Object: "customer", Action: "read", Handler: a.page(a.customers)},
		{Method: "POST", Pattern: "/customers/{account}/opt-out", Object: "customer", Action: "silence", Handler: a.page(a.silences("out", community.OptCustomerOut))},
		{Method: "POST", Pattern: "/customers/{account}/opt-in", Object: "customer", Action: "silence", Handler: a.page(a.silences("in", community.OptCustomerIn))},
		{Method: "POST", Pattern: "/customers/{account}/erase", Object: "customer", Action: "erase", Handler: a.page(a.erase)},
		{Method: "GET", Pattern: "/customers/erased/{erasure}", Object: "customer", Action: "read", Handler: a.page(a.receipt)},
		{Method: "GET", Pattern: "/customers/erased/{erasure}/file", Object: "customer", Action: "read", Handler: a.page(a.receiptFile)},

		// What tells open pages of changes.
		{Method: "GET", Pattern: "/stream", Object: "stream", Action: "read", Handler: http.HandlerFunc(a.stream)},
	}
}

// Files is the route of what pages are made of, the same for everybody: it stands before the sessions.
func Files() access.Route {
	return access.Route{Method: "GET", Pattern: "/assets/*", Object: "asset", Action: "read", Handler: Assets()}
}

// casePath is the page of a case.
func casePath(id int64) string { return fmt.Sprintf("/cases/%d", id) }

// stream tells an open page of changes for as long as the member may hear of them.
func (a *App) stream(w http.ResponseWriter, r *http.Request) {
	id := access.From(r.Context())
	a.Listen(w, r, *id.Member, func(ctx context.Context) bool { return a.Guard.Still(ctx, id) == nil })
}
