package har

// Event is one DevTools protocol event as received.
type Event struct {
	Page    string // the tab
	Session string // the target that told it
	Method  string
	Params  []byte // JSON
}

// wire is the union of the parameters that matter.
type wire struct {
	RequestID string            `json:"requestId"`
	LoaderID  string            `json:"loaderId"`
	FrameID   string            `json:"frameId"`
	Name      string            `json:"name"` // of a lifecycle event
	Timestamp float64           `json:"timestamp"`
	WallTime  float64           `json:"wallTime"`
	Type      string            `json:"type"`
	URL       string            `json:"url"` // of a WebSocket
	Request   wireRequest       `json:"request"`
	Initiator wireInitiator     `json:"initiator"`
	Redirect  *wireResponse     `json:"redirectResponse"`
	Response  wireResponse      `json:"response"` // also a WebSocket's frame
	Headers   map[string]string `json:"headers"`  // of the extra events
	Text      string            `json:"headersText"`
	Status    int               `json:"statusCode"`
	Encoded   float64           `json:"encodedDataLength"`
	Error     string            `json:"errorText"`
	Message   string            `json:"errorMessage"`
	Blocked   string            `json:"blockedReason"`
	Canceled  bool              `json:"canceled"`
	Extra     bool              `json:"hasExtraInfo"`
	HopExtra  bool              `json:"redirectHasExtraInfo"`
	CORS      *struct {
		Error string `json:"corsError"`
	} `json:"corsErrorStatus"`
}

type wireRequest struct {
	URL      string            `json:"url"`
	Fragment string            `json:"urlFragment"`
	Method   string            `json:"method"`
	Headers  map[string]string `json:"headers"`
	Post     string            `json:"postData"`
	HasPost  bool              `json:"hasPostData"`
	Priority string            `json:"initialPriority"`
}

type wireInitiator struct {
	Type   string `json:"type"`
	URL    string `json:"url"`
	Line   int    `json:"lineNumber"`
	Column int    `json:"columnNumber"`
	Stack  *struct {
		Frames []wireFrame `json:"callFrames"`
	} `json:"stack"`
}

type wireFrame struct {
	Name   string `json:"functionName"`
	URL    string `json:"url"`
	Line   int    `json:"lineNumber"`
	Column int    `json:"columnNumber"`
}

type wireResponse struct {
	URL        string            `json:"url"`
	Status     int               `json:"status"`
	StatusText string            `json:"statusText"`
	Headers    map[string]string `json:"headers"`
	Text       string            `json:"headersText"`
	SentText   string            `json:"requestHeadersText"`
	Sent       map[string]string `json:"requestHeaders"`
	MIME       string            `json:"mimeType"`
	Protocol   string            `json:"protocol"`
	IP         string            `json:"remoteIPAddress"`
	Connection float64           `json:"connectionId"`
	Encoded    float64           `json:"encodedDataLength"`
	Disk       bool              `json:"fromDiskCache"`
	Prefetch   bool              `json:"fromPrefetchCache"`
	Worker     bool              `json:"fromServiceWorker"`
	Timing     *wireTiming       `json:"timing"`

	// Of a WebSocket's message.
	Opcode float64 `json:"opcode"`
	Data   string  `json:"payloadData"`
}

// wireTiming is in milliseconds since Requested, which is in seconds; -1 for
// what did not happen.
type wireTiming struct {
	Requested    float64 `json:"requestTime"`
	DNSStart     float64 `json:"dnsStart"`
	DNSEnd       float64 `json:"dnsEnd"`
	ConnectStart float64 `json:"connectStart"`
	ConnectEnd   float64 `json:"connectEnd"`
	SSLStart     float64 `json:"sslStart"`
	SSLEnd       float64 `json:"sslEnd"`
	SendStart    float64 `json:"sendStart"`
	SendEnd      float64 `json:"sendEnd"`
	HeadersEnd   float64 `json:"receiveHeadersEnd"`
}
