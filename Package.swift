// swift-tools-version: 6.2
import PackageDescription

// Every boundary that the compiler should guard is a target; docs/architecture.md draws the picture.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    // Our modules are small and call each other per row and per request: without it generics stay unspecialized.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

// Names from outside, so that a target's list reads as a sentence.
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func target(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let package = Package(
    name: "patchbay",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "patchbay", targets: ["patchbay"])
    ],
    dependencies: [
        // The exact versions of the whole graph; scripts/lint compares it with what was resolved.
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        // What those depend on. No target of ours uses it; it is named so that two builds of one commit are the same.
        .package(url: "https://github.com/apple/swift-algorithms", exact: "1.2.1"),
        .package(url: "https://github.com/apple/swift-async-algorithms", exact: "1.1.4"),
        .package(url: "https://github.com/apple/swift-atomics", exact: "1.3.0"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-structured-headers", exact: "1.7.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-transport-services", exact: "1.28.0"),
        .package(url: "https://github.com/apple/swift-numerics", exact: "1.1.1"),
        .package(url: "https://github.com/apple/swift-service-context", exact: "1.5.1"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        // The executable and its commands
        .executableTarget(name: "patchbay", dependencies: ["Commands", argumentParser], swiftSettings: settings),
        target(
            "Commands",
            [
                "API", "Accounts", "BoundaryText", "CMemory", "Outbound", "Server", "SimulatedConnectWise",
                "SimulatedWebex",
                "SimulatedWorld", "SimulatorStage", "Telemetry", "WebSupport", httpTypes, nioSSL,
                argumentParser,
                coreMetrics,
                httpClient,
                lifecycle,
                logging,
                nioCore,
                nioHTTP1, nioPosix, unixSignals,
            ]),

        // Composition root
        target(
            "Server",
            [
                "API", "Accounts", "BoundaryText", "ConnectWise", "Connections", "Console", "Database", "Jobs",
                "Notifications", "OpenIDConnect", "Outbound", "Sealing", "StandardWebhooks", "Telemetry", "Ticketing",
                "WebSupport", "Webex", "WriteBack", hummingbird, logging, metrics,
                nioCore,
            ]),

        // Features: one room per capability
        target(
            "Notifications",
            [
                "API", "Accounts", "BoundaryText", "Connections", "Database", "Jobs", "Outbound", "Sealing",
                "StandardWebhooks", "Ticketing", "WebSupport", "Webex", httpTypes, hummingbird, logging, metrics,
            ]),
        target(
            "WriteBack",
            [
                "API", "Accounts", "BoundaryText", "Connections", "Database", "Jobs", "Outbound", "Ticketing",
                "WebSupport",
                crypto, httpTypes, hummingbird,
            ]),
        target(
            "Ticketing",
            [
                "API", "Accounts", "BoundaryText", "ConnectWise", "Connections", "Database", "Jobs", "Outbound",
                "Sealing",
                "WebSupport", crypto, httpTypes, hummingbird, logging, metrics, nioCore,
            ]),
        target(
            "Connections",
            ["API", "Accounts", "BoundaryText", "Database", "Jobs", "Outbound", "WebSupport", hummingbird, logging]),
        target(
            "Accounts",
            [
                "API", "BoundaryText", "CCrypt", "Database", "Jobs", "OpenIDConnect", "Outbound", "Sealing",
                "WebSupport",
                crypto, httpTypes, hummingbird, logging, nioCore, nioPosix,
            ]),

        // The web console: pages over the routes of the features
        target(
            "Console",
            [
                "API", "Accounts", "BoundaryText", "CMarkdown", "CQRCode", "CZlib", "Database", "OpenIDConnect",
                "WebSupport",
                crypto,
                httpTypes,
                hummingbird, lifecycle, logging, mustache,
                nioCore,
            ], resources: [.copy("Templates"), .copy("Assets")]),

        // What the API is asked and answers, for those who serve and those who call it
        target("API", ["BoundaryText", "Ids", "WebSupport", httpTypes]),
        target("Ids", ["BoundaryText"]),

        // Connectors: wire formats and calls, no feature, no database
        target("ConnectWise", ["BoundaryText", "Outbound", crypto, logging]),
        target("Webex", ["BoundaryText", "Outbound", logging]),
        target("StandardWebhooks", ["BoundaryText", "Outbound", crypto]),
        target("OpenIDConnect", ["BoundaryText", "Outbound", jwtKit]),

        // Ground: knows nothing of the product
        target("BoundaryText", []),
        target(
            "WebSupport",
            [
                "BoundaryText", hummingbird, hummingbirdCore, httpTypes, logging, metrics, nioCore, nioHTTP1, nioPosix,
            ]),
        target("Jobs", ["BoundaryText", "Database", lifecycle, logging, metrics]),
        target("Database", ["BoundaryText", "CPostgres", "Ids", grdb, logging, nioCore, nioPosix]),
        target("Outbound", ["BoundaryText", httpClient, logging, metrics, nioCore, nioHTTP1, nioPosix, nioSSL]),
        target("Sealing", ["BoundaryText", crypto]),
        target("Telemetry", ["BoundaryText", coreMetrics, hummingbird, lifecycle, logging, metrics, nioCore]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .target(name: "CMemory"),
        .systemLibrary(
            name: "CQRCode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"]), .brew(["qrencode"])]),
        .systemLibrary(
            name: "CMarkdown", pkgConfig: "md4c", providers: [.apt(["libmd4c-dev"]), .brew(["md4c"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),

        // The outside world, played faithfully: one target per system; imports no feature
        target(
            "SimulatedConnectWise",
            [
                "SimulatedWorld", "SimulatorStage", crypto, httpClient, httpTypes, lifecycle, logging, nioCore,
                nioHTTP1, nioSSL,
            ]),
        target("SimulatedWebex", ["SimulatedWorld", "SimulatorStage", httpTypes, lifecycle, logging]),
        target("SimulatedWorld", []),
        target(
            "SimulatorStage",
            [
                asn1, crypto, hummingbird, hummingbirdCore, hummingbirdTLS, httpTypes, lifecycle, logging, nioCore,
                nioSSL, x509,
            ]),

        // Tests
        target("TestSupport", ["Database", logging]),
        tests(
            "CommandsTests",
            ["API", "Commands", "WebSupport", argumentParser, hummingbird, httpTypes, logging, nioCore]),
        tests("BoundaryTextTests", ["BoundaryText"]),
        tests("DatabaseTests", ["Database", "TestSupport"]),
        tests("JobsTests", ["Database", "Jobs", "TestSupport", lifecycle, logging]),
        .target(
            name: "ScriptedPeer", dependencies: [crypto, nioCore, nioHTTP1, nioPosix, nioSSL],
            path: "Tests/ScriptedPeer",
            swiftSettings: settings),
        .target(name: "TextCorpus", path: "Tests/Support/TextCorpus", swiftSettings: settings),
        .target(
            name: "Tickets", dependencies: ["API", "Ticketing"], path: "Tests/Support/Tickets", swiftSettings: settings),
        tests("OutboundTests", ["Outbound", "ScriptedPeer", asn1, crypto, logging, nioCore, nioSSL, x509]),
        tests("SealingTests", ["Sealing", crypto]),
        tests(
            "TelemetryTests",
            ["Telemetry", "TextCorpus", coreMetrics, httpClient, lifecycle, logging, metrics, nioCore, nioHTTP1]),
        tests("ConnectWiseTests", ["ConnectWise", "Outbound", "ScriptedPeer", logging]),
        tests("OpenIDConnectTests", ["OpenIDConnect", "Outbound", "ScriptedPeer", logging]),
        tests("StandardWebhooksTests", ["StandardWebhooks"]),
        tests("WebexTests", ["Outbound", "ScriptedPeer", "Webex", logging]),
        .target(
            name: "ServerTestSupport",
            dependencies: [
                "API", "Accounts", "Database", "Sealing", "Server", "SimulatedConnectWise", "SimulatedWebex",
                "SimulatedWorld",
                "SimulatorStage", "TestSupport", "WebSupport", httpClient, httpTypes, lifecycle, logging,
                nioCore, nioHTTP1, nioPosix,
            ], path: "Tests/ServerTests/Support", swiftSettings: settings),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "API", "Accounts", "Connections", "Console", "Database", "Jobs", "Notifications", "OpenIDConnect",
                "Outbound",
                "ScriptedPeer",
                "Sealing", "Server",
                "ServerTestSupport", "SimulatedConnectWise", "SimulatedWebex", "SimulatedWorld", "SimulatorStage",
                "TestSupport", "TextCorpus", "Ticketing", "WebSupport", "WriteBack", httpTypes, nioHTTP1,
            ], exclude: ["Support"], swiftSettings: settings),
        tests(
            "ChaosTests",
            [
                "Database", "ServerTestSupport", "SimulatedConnectWise", "SimulatedWebex", "SimulatorStage",
                "TestSupport", "WebSupport", logging, nioHTTP1,
            ]),
        tests(
            "WebSupportTests", ["TestSupport", "WebSupport", httpTypes, hummingbird, hummingbirdCore, logging, nioCore]),
        tests(
            "AccountsTests",
            ["API", "Accounts", "Database", "Sealing", "Server", "TestSupport", "WebSupport", httpTypes, hummingbird]),
        tests(
            "ConnectionsTests",
            ["Connections", "Database", "Outbound", "Server", "TestSupport"]),
        tests(
            "TicketingTests",
            [
                "API", "Accounts", "ConnectWise", "Connections", "Database", "Jobs", "Outbound", "Sealing", "Server",
                "TestSupport", "Ticketing", "Tickets", "WebSupport", crypto, httpTypes,
            ]),
        tests(
            "WriteBackTests",
            [
                "API", "Accounts", "ConnectWise", "Connections", "Database", "Jobs", "Outbound", "Sealing", "Server",
                "TestSupport", "Ticketing", "Tickets", "WebSupport", "WriteBack",
            ]),
        tests(
            "NotificationsTests",
            [
                "API", "Accounts", "Connections", "Database", "Jobs", "Notifications", "Outbound", "Server",
                "ScriptedPeer",
                "Sealing",
                "StandardWebhooks", "TestSupport", "TextCorpus", "Ticketing", "Tickets", "WebSupport", "Webex",
                httpTypes,
                logging,
            ]),
        tests(
            "ServerConfigurationTests",
            ["API", "Accounts", "Database", "Notifications", "Server", "Telemetry", "Ticketing", logging]),
        tests(
            "SimulatorsTests",
            [
                "SimulatedConnectWise", "SimulatedWebex", "SimulatedWorld", "SimulatorStage", httpClient, hummingbird,
                logging, nioCore, nioHTTP1,
            ]),
    ]
)

// The program that measures what the README promises is built by `make bench` only: tests need not wait for it.
if Context.environment["PATCHBAY_BENCH"] != nil {
    package.products.append(.executable(name: "patchbay-bench", targets: ["patchbay-bench"]))
    package.targets.append(
        .executableTarget(
            name: "patchbay-bench",
            dependencies: [
                "API", "Accounts", "BoundaryText", "Database", "Jobs", "Notifications", "Ticketing",
                "SimulatedConnectWise",
                "SimulatedWebex", "SimulatedWorld", "SimulatorStage", "WebSupport",
                argumentParser, crypto, httpClient, hummingbird, lifecycle, logging, nioCore, nioHTTP1, nioPosix,
            ], path: "Sources/Bench", swiftSettings: settings))
}
