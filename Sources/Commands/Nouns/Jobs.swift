import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// Background jobs that failed.
enum Jobs: Noun {
    private typealias Failed = API.BackgroundJobs.Failed.CodingKeys

    static let resource = Resource(
        singular: "job", plural: "jobs", titles: "failed jobs", about: "A background job that failed.",
        list: Endpoint(API.BackgroundJobs.failed),
        columns: [
            .id, Column(Failed.kind).key, Column(Failed.createdAt, "created", .instant), Column(Failed.error).key,
            Column(Failed.payload).extra,
        ])

    static let more: [any ParsableCommand.Type] = [ShowJobs.self, RetryJob.self]
}
