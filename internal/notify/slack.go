package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/page"
)

// Slack is one channel of a workspace, reached with a bot token that has the
// scopes chat:write and files:write.
type Slack struct {
	Token   string
	Channel string // id ("C…") or name
	APIURL  string // default https://slack.com/api/
}

func (s Slack) check(name string) error {
	if s.Token == "" || s.Channel == "" {
		return fault.New(fault.Invalid, fmt.Sprintf("channel %s: Slack needs a bot token and a channel", name),
			"Create an app with the scopes chat:write and files:write, install it, and invite it to the channel.")
	}
	if s.APIURL != "" {
		if u, err := url.Parse(s.APIURL); err != nil || u.Host == "" {
			return fault.New(fault.Invalid, fmt.Sprintf("channel %s: Slack's API address is not an absolute URL", name), "")
		}
	}
	return nil
}

// slackRoom performs deliveries to a Slack channel.
type slackRoom struct {
	channel string
	api     *slack.Client
	options Options
}

func newSlack(s Slack, o Options) *slackRoom {
	endpoint := slack.APIURL
	if s.APIURL != "" {
		endpoint = strings.TrimRight(s.APIURL, "/") + "/"
	}
	return &slackRoom{
		channel: s.Channel, options: o,
		api: slack.New(s.Token, slack.OptionAPIURL(endpoint),
			slack.OptionHTTPClient(bounded{client(), 1 << 20}),
			slack.OptionLog(log.New(io.Discard, "", 0))),
	}
}

func (s *slackRoom) carry(ctx context.Context, j job) (page.Sent, *problem) {
	root := j.root
	if root != nil && (root.ID == "" || root.Channel == "") {
		root = nil
	}
	switch j.Op {
	case page.Edit:
		if root == nil {
			return page.Sent{Note: "no root message: nothing to edit"}, nil
		}
		return s.edit(ctx, j, *root)
	case page.Upload:
		return s.upload(ctx, j, root)
	case page.Reply:
		return s.post(ctx, j, root)
	}
	return s.post(ctx, j, nil)
}

// post sends a message, in the root's thread if there is one.
func (s *slackRoom) post(ctx context.Context, j job, root *page.Sent) (page.Sent, *problem) {
	channel := s.channel
	options := s.content(j)
	if root != nil {
		channel = root.Channel
		options = append(options, slack.MsgOptionTS(root.ID))
	}
	call, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	at, ts, err := s.api.PostMessageContext(call, channel, options...)
	if err != nil {
		if root != nil && isThreadGone(err) {
			sent, p := s.post(ctx, j, nil)
			sent.Note = "the thread is gone: sent as a message of its own"
			return sent, p
		}
		return page.Sent{}, slackProblem(err)
	}
	return page.Sent{Channel: at, ID: ts, Repeat: j.repeat}, nil
}

// edit changes the root message in place.
func (s *slackRoom) edit(ctx context.Context, j job, root page.Sent) (page.Sent, *problem) {
	j.repeat = root.Repeat // an edit made twice is one edit, but the page's own mark must stay
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	_, _, _, err := s.api.UpdateMessageContext(ctx, root.Channel, root.ID, s.content(j)...)
	switch code := slackCode(err); {
	case err == nil:
		return root, nil
	case code == "message_not_found", code == "cant_update_message", code == "edit_window_closed":
		return page.Sent{Channel: root.Channel, ID: root.ID, Note: "the root message cannot be edited: " + code}, nil
	}
	p := slackProblem(err)
	p.unseen = false
	return page.Sent{}, p
}

// upload sends a file in Slack's three steps: address, bytes, completion.
func (s *slackRoom) upload(ctx context.Context, j job, root *page.Sent) (page.Sent, *problem) {
	if j.File == nil {
		return page.Sent{Note: "no file: nothing to upload"}, nil
	}
	var to slack.CompleteUploadExternalParameters
	if root != nil {
		to.Channel, to.ThreadTimestamp = root.Channel, root.ID
	} else if to.Channel = s.channel; !strings.HasPrefix(to.Channel, "C") && !strings.HasPrefix(to.Channel, "G") {
		return page.Sent{Note: "no root message: a file needs the channel's id"}, nil
	}
	name, title := fileName(j.File.Name), clip(line(j.File.Title), 200)
	ctx, cancel := context.WithTimeout(ctx, s.options.Upload)
	defer cancel()
	call, stop := context.WithTimeout(ctx, s.options.Timeout)
	defer stop()
	where, err := s.api.GetUploadURLExternalContext(call, slack.GetUploadURLExternalParameters{
		FileName: name, FileSize: len(j.file), AltTxt: title,
	})
	if err != nil {
		return page.Sent{}, seen(slackProblem(err))
	}
	err = s.api.UploadToURL(ctx, slack.UploadToURLParameters{
		UploadURL: where.UploadURL, Reader: bytes.NewReader(j.file), Filename: name,
	})
	if err != nil {
		if strings.HasPrefix(err.Error(), "refusing to send") { // its text holds the address
			return page.Sent{}, permanent(fault.Invalid, "Slack's upload address is not Slack's", "Check the API address.")
		}
		return page.Sent{}, seen(slackProblem(err))
	}
	to.Files = []slack.FileSummary{{ID: where.FileID, Title: title}}
	if j.repeat {
		to.InitialComment = repeatNote
	}
	last, end := context.WithTimeout(ctx, s.options.Timeout)
	defer end()
	if _, err = s.api.CompleteUploadExternalContext(last, to); err != nil {
		return page.Sent{}, slackProblem(err)
	}
	return page.Sent{Channel: to.Channel, ID: where.FileID}, nil
}

// seen marks a step that shows nothing to anybody.
func seen(p *problem) *problem {
	p.unseen = false
	return p
}

// isThreadGone reports whether the thread cannot be answered any more.
func isThreadGone(err error) bool {
	switch slackCode(err) {
	case "thread_not_found", "message_not_found", "cannot_reply_to_message", "thread_locked":
		return true
	}
	return false
}

// slackCode is Slack's own error, or "".
func slackCode(err error) string {
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return e.Err
	}
	return ""
}

// slackProblem sorts an error of a call.
func slackProblem(err error) *problem {
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		p := temporary("Slack limits the rate of messages")
		p.after = limited.RetryAfter
		return p
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		return slackStatus(status.Code)
	}
	if code := slackCode(err); code != "" {
		return slackRefused(code)
	}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, kind := errors.AsType[*json.UnmarshalTypeError](err)
	if syntax || kind {
		p := temporary("Slack's answer is not what its API documents")
		p.unseen = true
		return p
	}
	return network("Slack", err)
}

func slackStatus(code int) *problem {
	text := fmt.Sprintf("Slack answered %d", code)
	switch {
	case code == http.StatusTooManyRequests:
		p := temporary(text)
		p.after = 30 * time.Second // it did not say how long
		return p
	case code >= 500:
		p := temporary(text)
		p.unseen = true
		return p
	}
	return permanent(fault.Invalid, text, "Check Slack's API address in the configuration.")
}

// slackRefused sorts Slack's documented errors. One that is not known is
// tried again: a page must not be lost to a new word.
func slackRefused(code string) *problem {
	text := "Slack refused: " + clip(line(code), 60)
	switch code {
	case "ratelimited", "rate_limited":
		p := temporary(text)
		p.after = 30 * time.Second
		return p
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type":
		return permanent(fault.Denied, text, "The bot token is not valid: install the Slack app again and set its new token.")
	case "missing_scope", "no_permission", "access_denied", "ekm_access_denied", "restricted_action",
		"restricted_action_read_only_channel", "restricted_action_thread_only_channel", "org_login_required",
		"team_access_not_granted", "enterprise_is_restricted":
		return permanent(fault.Denied, text, "Give the Slack app the scopes chat:write and files:write, and let it post in the channel.")
	case "channel_not_found":
		return permanent(fault.NotFound, text, "Check the channel's id, and invite the bot if the channel is private.")
	case "not_in_channel":
		return permanent(fault.Denied, text, "Invite the bot: type /invite @postflight in the channel.")
	case "is_archived":
		return permanent(fault.Invalid, text, "The channel is archived: choose another in the configuration.")
	case "msg_too_long", "no_text", "invalid_blocks", "invalid_blocks_format", "invalid_arguments", "invalid_arg_name",
		"msg_blocks_too_long", "too_many_attachments", "invalid_form_data", "invalid_post_type", "unknown_method",
		"file_upload_size_restricted", "method_deprecated", "deprecated_endpoint":
		return permanent(fault.Invalid, text, "This is a fault of Postflight: please report it.")
	}
	p := temporary(text)
	p.unseen = code == "internal_error" || code == "fatal_error" || code == "request_timeout" || code == "service_unavailable"
	return p
}

// fileName keeps a harmless name.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if name = strings.TrimLeft(name[:min(len(name), 100)], "."); name == "" {
		return "evidence"
	}
	return name
}
