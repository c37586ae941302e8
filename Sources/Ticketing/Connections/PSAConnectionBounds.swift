import BoundaryText
import Database

/// Names of connections to ticketing systems as long as they may be today.
public let psaConnectionBoundsSchema: [SQL] = [.cutNames("name", of: "psa_connections", to: 100)]
