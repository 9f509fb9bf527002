package sandbox

import (
	"net/http"
	"strings"
)

// user shows an account with everything that a forum tells about one.
func (d *discourseFacade) user(w http.ResponseWriter, r *http.Request, by discourseCaller) *discourseProblem {
	a := d.world.accounts[keyOf("discourse", strings.TrimSuffix(r.PathValue("name"), ".json"))]
	if a == nil {
		return discourseNotFound
	}
	topics := 0
	for _, p := range a.posts.posts {
		if p.ID == p.RootID && !p.Held {
			topics++
		}
	}
	m := map[string]any{
		"id": a.ID, "username": a.Handle, "name": a.Name, "avatar_template": discourseAvatar, "system_avatar_template": discourseAvatar,
		"created_at": discourseTime(a.CreatedAt), "trust_level": 1, "post_count": len(a.posts.posts), "topic_count": topics,
		"custom_fields": map[string]any{"first_name": nil}, "user_option": discourseOptions(a), "user_notification_schedule": discourseSchedule(),
	}
	mine := by.account == a || by.staff
	fields(m, 0, "badge_count time_read recent_time_read pending_count profile_view_count mailing_list_posts_per_day")
	fields(m, nil, "last_posted_at last_seen_at title primary_group_name flair_name flair_url flair_bg_color flair_color locale system_avatar_upload_id "+
		"user_api_keys invited_by primary_group_id flair_group_id uploaded_avatar_id")
	fields(m, mine, "can_edit can_edit_username can_edit_email can_edit_name can_change_bio can_change_location can_change_website can_change_tracking_preferences")
	fields(m, false, "ignored muted can_ignore_user can_mute_user can_send_private_messages can_send_private_message_to_user admin staged has_title_badges "+
		"second_factor_enabled can_upload_profile_header can_upload_user_card_background can_be_deleted can_delete_all_posts use_logo_small_as_avatar")
	m["moderator"] = d.staff[strings.ToLower(a.Handle)]
	fields(m, []any{}, "muted_category_ids regular_category_ids watched_tags watching_first_post_tags tracked_tags muted_tags tracked_category_ids "+
		"watched_category_ids watched_first_post_category_ids muted_usernames ignored_usernames allowed_pm_usernames user_auth_tokens "+
		"featured_user_badge_ids groups group_users")
	if p := a.posts.posts; len(p) > 0 {
		m["last_posted_at"] = discourseTime(p[len(p)-1].CreatedAt)
	}
	m["featured_topic"] = map[string]any{"id": 0, "posts_count": 0, "title": "", "fancy_title": "", "slug": ""}
	adminAnswer(w, http.StatusOK, map[string]any{"user_badges": []any{}, "user": m})
	return nil
}

func discourseOptions(a *account) map[string]any {
	m := map[string]any{"user_id": a.ID, "push_notification_level": "none", "text_size": "normal", "title_count_mode": "notifications", "send_shortcut": "enter"}
	fields(m, 0, "mailing_list_mode_frequency email_level email_messages_level digest_after_minutes auto_track_topics_after_msecs "+
		"notification_level_when_replying new_topic_duration_minutes email_previous_replies like_notification_frequency theme_key_seq text_size_seq interface_color_mode")
	fields(m, false, "mailing_list_mode email_digests external_links_in_new_tab dynamic_favicon enable_quoting enable_smart_lists "+
		"enable_markdown_monospace_font automatically_unpin_topics email_in_reply_to notify_on_linked_posts enable_upcoming_change_available_notifications "+
		"include_tl0_in_digests allow_private_messages enable_allowed_pm_users hide_profile_and_presence hide_profile hide_presence skip_new_user_tips "+
		"topics_unread_when_closed show_original_content automatically_translate")
	fields(m, nil, "color_scheme_id dark_scheme_id homepage_id timezone")
	fields(m, []any{}, "theme_ids understood_languages")
	return m
}

func discourseSchedule() map[string]any {
	m := map[string]any{"enabled": false}
	fields(m, 480, "day_0_start_time day_1_start_time day_2_start_time day_3_start_time day_4_start_time day_5_start_time day_6_start_time")
	fields(m, 1020, "day_0_end_time day_1_end_time day_2_end_time day_3_end_time day_4_end_time day_5_end_time day_6_end_time")
	return m
}
