import BoundaryText
import Database

/// Names of chat connections as long as they may be today.
public let chatConnectionBoundsSchema: [SQL] = [.cutNames("name", of: "chat_connections", to: 100)]
