CREATE TABLE "asset_audit" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"asset_id" uuid NOT NULL,
	"owner_id" uuid NOT NULL,
	"deleted_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "asset_exif" (
	"asset_id" uuid PRIMARY KEY NOT NULL,
	"file_size_bytes" bigint,
	"exif_image_width" integer,
	"exif_image_height" integer,
	"orientation" text,
	"date_time_original" timestamp with time zone,
	"modify_date" timestamp with time zone,
	"time_zone" text,
	"latitude" double precision,
	"longitude" double precision,
	"city" text,
	"state" text,
	"country" text,
	"make" text,
	"model" text,
	"lens_model" text,
	"f_number" double precision,
	"focal_length" double precision,
	"iso" integer,
	"exposure_time" text,
	"fps" double precision,
	"description" text DEFAULT '' NOT NULL,
	"rating" integer,
	"projection_type" text,
	"profile_description" text,
	"colorspace" text,
	"bits_per_sample" integer,
	"live_photo_content_id" text,
	"auto_stack_id" text,
	"tags" text[],
	"locked_properties" text[] DEFAULT '{}' NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "asset_files" (
	"asset_id" uuid NOT NULL,
	"type" text NOT NULL,
	"object_key" text NOT NULL,
	"content_type" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"width" integer,
	"height" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "asset_files_asset_id_type_pk" PRIMARY KEY("asset_id","type")
);
--> statement-breakpoint
CREATE TABLE "assets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner_id" uuid NOT NULL,
	"type" text NOT NULL,
	"original_key" text NOT NULL,
	"original_file_name" text NOT NULL,
	"original_mime_type" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"checksum" "bytea" NOT NULL,
	"sidecar_key" text,
	"file_created_at" timestamp with time zone NOT NULL,
	"file_modified_at" timestamp with time zone NOT NULL,
	"local_date_time" timestamp NOT NULL,
	"duration_ms" integer,
	"width" integer,
	"height" integer,
	"thumbhash" "bytea",
	"visibility" text DEFAULT 'timeline' NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"trashed_at" timestamp with time zone,
	"is_favorite" boolean DEFAULT false NOT NULL,
	"is_offline" boolean DEFAULT false NOT NULL,
	"live_photo_video_id" uuid,
	"derivatives_version" integer DEFAULT 1 NOT NULL,
	"metadata_extracted_at" timestamp with time zone,
	"thumbnailed_at" timestamp with time zone,
	"failure_reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "timeline_counts" (
	"owner_id" uuid NOT NULL,
	"month" date NOT NULL,
	"visibility" text NOT NULL,
	"is_trashed" boolean NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "timeline_counts_owner_id_month_visibility_is_trashed_pk" PRIMARY KEY("owner_id","month","visibility","is_trashed")
);
--> statement-breakpoint
CREATE TABLE "timeline_deltas" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "timeline_deltas_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"owner_id" uuid NOT NULL,
	"month" date NOT NULL,
	"visibility" text NOT NULL,
	"is_trashed" boolean NOT NULL,
	"delta" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "uploads" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner_id" uuid NOT NULL,
	"asset_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"original_file_name" text NOT NULL,
	"size_bytes" bigint,
	"checksum" "bytea",
	"object_key" text NOT NULL,
	"content_type" text NOT NULL,
	"multipart_id" text,
	"part_checksums" text[],
	"claims" jsonb,
	"result_asset_id" uuid,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" uuid PRIMARY KEY NOT NULL,
	"queue" text NOT NULL,
	"name" text NOT NULL,
	"payload" jsonb NOT NULL,
	"dedupe_key" text,
	"attempts" integer NOT NULL,
	"priority" integer DEFAULT 0 NOT NULL,
	"request_id" text,
	"run_after" timestamp with time zone DEFAULT now() NOT NULL,
	"sent_at" timestamp with time zone,
	"failed_at" timestamp with time zone,
	"last_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "system_metadata" (
	"key" text PRIMARY KEY NOT NULL,
	"value" jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"permissions" text[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "login_attempts" (
	"scope" text NOT NULL,
	"subject" text NOT NULL,
	"failures" integer NOT NULL,
	"window_started_at" timestamp with time zone NOT NULL,
	CONSTRAINT "login_attempts_scope_subject_pk" PRIMARY KEY("scope","subject")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"token_hash" "bytea" NOT NULL,
	"device_type" text DEFAULT '' NOT NULL,
	"device_os" text DEFAULT '' NOT NULL,
	"app_version" text,
	"expires_at" timestamp with time zone,
	"pin_expires_at" timestamp with time zone,
	"is_pending_sync_reset" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user_audit" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"user_id" uuid NOT NULL,
	"deleted_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user_metadata" (
	"user_id" uuid NOT NULL,
	"key" text NOT NULL,
	"value" jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL,
	CONSTRAINT "user_metadata_user_id_key_pk" PRIMARY KEY("user_id","key")
);
--> statement-breakpoint
CREATE TABLE "user_metadata_audit" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"user_id" uuid NOT NULL,
	"key" text NOT NULL,
	"deleted_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"password_hash" text,
	"pin_code_hash" text,
	"is_admin" boolean DEFAULT false NOT NULL,
	"should_change_password" boolean DEFAULT false NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"avatar_color" text,
	"storage_label" text,
	"oauth_id" text DEFAULT '' NOT NULL,
	"profile_image_key" text,
	"profile_changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"quota_size_bytes" bigint,
	"quota_usage_bytes" bigint DEFAULT 0 NOT NULL,
	"deleted_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL,
	CONSTRAINT "users_quota_usage_not_negative" CHECK ("users"."quota_usage_bytes" >= 0)
);
--> statement-breakpoint
ALTER TABLE "asset_exif" ADD CONSTRAINT "asset_exif_asset_id_assets_id_fk" FOREIGN KEY ("asset_id") REFERENCES "public"."assets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "asset_files" ADD CONSTRAINT "asset_files_asset_id_assets_id_fk" FOREIGN KEY ("asset_id") REFERENCES "public"."assets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assets" ADD CONSTRAINT "assets_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assets" ADD CONSTRAINT "assets_live_photo_video_id_assets_id_fk" FOREIGN KEY ("live_photo_video_id") REFERENCES "public"."assets"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "uploads" ADD CONSTRAINT "uploads_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_metadata" ADD CONSTRAINT "user_metadata_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "asset_audit_owner_idx" ON "asset_audit" USING btree ("owner_id","id");--> statement-breakpoint
CREATE INDEX "asset_audit_deleted_at_idx" ON "asset_audit" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "asset_exif_update_id_idx" ON "asset_exif" USING btree ("update_id");--> statement-breakpoint
CREATE UNIQUE INDEX "assets_owner_checksum_key" ON "assets" USING btree ("owner_id","checksum");--> statement-breakpoint
CREATE INDEX "assets_owner_month_idx" ON "assets" USING btree ("owner_id",date_trunc('month', "local_date_time"),"visibility");--> statement-breakpoint
CREATE INDEX "assets_update_id_idx" ON "assets" USING btree ("owner_id","update_id");--> statement-breakpoint
CREATE INDEX "assets_live_photo_video_idx" ON "assets" USING btree ("live_photo_video_id") WHERE "assets"."live_photo_video_id" is not null;--> statement-breakpoint
CREATE INDEX "assets_trashed_at_idx" ON "assets" USING btree ("trashed_at") WHERE "assets"."trashed_at" is not null;--> statement-breakpoint
CREATE INDEX "timeline_deltas_owner_idx" ON "timeline_deltas" USING btree ("owner_id");--> statement-breakpoint
CREATE INDEX "uploads_owner_state_idx" ON "uploads" USING btree ("owner_id","state","id");--> statement-breakpoint
CREATE INDEX "uploads_updated_at_idx" ON "uploads" USING btree ("updated_at");--> statement-breakpoint
CREATE UNIQUE INDEX "uploads_pending_checksum_key" ON "uploads" USING btree ("owner_id","checksum") WHERE "uploads"."state" in ('pending', 'verifying') and "uploads"."kind" = 'presigned';--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_waiting_dedupe_key" ON "outbox" USING btree ("dedupe_key") WHERE "outbox"."sent_at" is null and "outbox"."failed_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_unsent_idx" ON "outbox" USING btree ("run_after") WHERE "outbox"."sent_at" is null and "outbox"."failed_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_sent_idx" ON "outbox" USING btree ("sent_at") WHERE "outbox"."sent_at" is not null and "outbox"."failed_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_failed_idx" ON "outbox" USING btree ("queue","failed_at") WHERE "outbox"."failed_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_key_hash_key" ON "api_keys" USING btree ("key_hash");--> statement-breakpoint
CREATE INDEX "api_keys_user_id_idx" ON "api_keys" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "login_attempts_window_idx" ON "login_attempts" USING btree ("window_started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_token_hash_key" ON "sessions" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "sessions_user_id_idx" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "user_audit_deleted_at_idx" ON "user_audit" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "user_metadata_update_id_idx" ON "user_metadata" USING btree ("update_id");--> statement-breakpoint
CREATE INDEX "user_metadata_audit_deleted_at_idx" ON "user_metadata_audit" USING btree ("deleted_at");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "users" USING btree ("email");--> statement-breakpoint
CREATE UNIQUE INDEX "users_storage_label_key" ON "users" USING btree ("storage_label");--> statement-breakpoint
CREATE INDEX "users_update_id_idx" ON "users" USING btree ("update_id");