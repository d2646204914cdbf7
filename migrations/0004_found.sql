CREATE TABLE "album_asset_audit" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"album_id" uuid NOT NULL,
	"asset_id" uuid NOT NULL,
	"deleted_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "album_assets" (
	"album_id" uuid NOT NULL,
	"asset_id" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL,
	CONSTRAINT "album_assets_album_id_asset_id_pk" PRIMARY KEY("album_id","asset_id")
);
--> statement-breakpoint
CREATE TABLE "album_audit" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"album_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"deleted_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "album_user_audit" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"album_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"deleted_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "album_users" (
	"album_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL,
	CONSTRAINT "album_users_album_id_user_id_pk" PRIMARY KEY("album_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "albums" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text DEFAULT '' NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"thumbnail_asset_id" uuid,
	"is_activity_enabled" boolean DEFAULT true NOT NULL,
	"order" text DEFAULT 'desc' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "inbox_objects" (
	"owner_id" uuid NOT NULL,
	"object_key" text NOT NULL,
	"etag" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"last_modified" timestamp with time zone NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"reason" text,
	"asset_id" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_objects_owner_id_object_key_pk" PRIMARY KEY("owner_id","object_key")
);
--> statement-breakpoint
CREATE TABLE "asset_face_audit" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"asset_face_id" uuid NOT NULL,
	"asset_id" uuid NOT NULL,
	"owner_id" uuid NOT NULL,
	"deleted_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "asset_faces" (
	"id" uuid PRIMARY KEY NOT NULL,
	"asset_id" uuid NOT NULL,
	"person_id" uuid,
	"image_width" integer NOT NULL,
	"image_height" integer NOT NULL,
	"bounding_box_x_1" integer NOT NULL,
	"bounding_box_y_1" integer NOT NULL,
	"bounding_box_x_2" integer NOT NULL,
	"bounding_box_y_2" integer NOT NULL,
	"score" double precision,
	"source_type" text DEFAULT 'machine-learning' NOT NULL,
	"is_visible" boolean DEFAULT true NOT NULL,
	"deleted_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "people" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner_id" uuid NOT NULL,
	"name" text DEFAULT '' NOT NULL,
	"birth_date" date,
	"is_hidden" boolean DEFAULT false NOT NULL,
	"is_favorite" boolean DEFAULT false NOT NULL,
	"color" text,
	"cover_face_id" uuid,
	"thumbnail_key" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"update_id" uuid DEFAULT uuid_v7() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "person_audit" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"person_id" uuid NOT NULL,
	"owner_id" uuid NOT NULL,
	"deleted_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "asset_model_runs" (
	"asset_id" uuid NOT NULL,
	"space_id" integer NOT NULL,
	"done_at" timestamp with time zone DEFAULT now() NOT NULL,
	"failure_reason" text,
	CONSTRAINT "asset_model_runs_space_id_asset_id_pk" PRIMARY KEY("space_id","asset_id")
);
--> statement-breakpoint
CREATE TABLE "vector_spaces" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "vector_spaces_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"model" text NOT NULL,
	"dimension" integer NOT NULL,
	"state" text DEFAULT 'building' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"activated_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "album_assets" ADD CONSTRAINT "album_assets_album_id_albums_id_fk" FOREIGN KEY ("album_id") REFERENCES "public"."albums"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "album_assets" ADD CONSTRAINT "album_assets_asset_id_assets_id_fk" FOREIGN KEY ("asset_id") REFERENCES "public"."assets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "album_users" ADD CONSTRAINT "album_users_album_id_albums_id_fk" FOREIGN KEY ("album_id") REFERENCES "public"."albums"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "album_users" ADD CONSTRAINT "album_users_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "albums" ADD CONSTRAINT "albums_thumbnail_asset_id_assets_id_fk" FOREIGN KEY ("thumbnail_asset_id") REFERENCES "public"."assets"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox_objects" ADD CONSTRAINT "inbox_objects_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "asset_faces" ADD CONSTRAINT "asset_faces_asset_id_assets_id_fk" FOREIGN KEY ("asset_id") REFERENCES "public"."assets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "asset_faces" ADD CONSTRAINT "asset_faces_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "people" ADD CONSTRAINT "people_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "people" ADD CONSTRAINT "people_cover_face_id_asset_faces_id_fk" FOREIGN KEY ("cover_face_id") REFERENCES "public"."asset_faces"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "asset_model_runs" ADD CONSTRAINT "asset_model_runs_asset_id_assets_id_fk" FOREIGN KEY ("asset_id") REFERENCES "public"."assets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "asset_model_runs" ADD CONSTRAINT "asset_model_runs_space_id_vector_spaces_id_fk" FOREIGN KEY ("space_id") REFERENCES "public"."vector_spaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "album_asset_audit_album_idx" ON "album_asset_audit" USING btree ("album_id","id");--> statement-breakpoint
CREATE INDEX "album_asset_audit_deleted_at_idx" ON "album_asset_audit" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "album_assets_asset_idx" ON "album_assets" USING btree ("asset_id");--> statement-breakpoint
CREATE INDEX "album_assets_update_id_idx" ON "album_assets" USING btree ("update_id");--> statement-breakpoint
CREATE INDEX "album_audit_user_idx" ON "album_audit" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "album_audit_deleted_at_idx" ON "album_audit" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "album_user_audit_user_idx" ON "album_user_audit" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "album_user_audit_deleted_at_idx" ON "album_user_audit" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "album_users_user_idx" ON "album_users" USING btree ("user_id","update_id");--> statement-breakpoint
CREATE UNIQUE INDEX "album_users_owner_key" ON "album_users" USING btree ("album_id") WHERE "album_users"."role" = 'owner';--> statement-breakpoint
CREATE INDEX "albums_update_id_idx" ON "albums" USING btree ("update_id");--> statement-breakpoint
CREATE INDEX "albums_thumbnail_asset_idx" ON "albums" USING btree ("thumbnail_asset_id");--> statement-breakpoint
CREATE INDEX "inbox_objects_state_idx" ON "inbox_objects" USING btree ("state","updated_at");--> statement-breakpoint
CREATE INDEX "asset_face_audit_owner_idx" ON "asset_face_audit" USING btree ("owner_id","id");--> statement-breakpoint
CREATE INDEX "asset_face_audit_deleted_at_idx" ON "asset_face_audit" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "asset_faces_asset_idx" ON "asset_faces" USING btree ("asset_id");--> statement-breakpoint
CREATE INDEX "asset_faces_person_idx" ON "asset_faces" USING btree ("person_id","asset_id");--> statement-breakpoint
CREATE INDEX "asset_faces_update_id_idx" ON "asset_faces" USING btree ("update_id");--> statement-breakpoint
CREATE INDEX "people_owner_idx" ON "people" USING btree ("owner_id","update_id");--> statement-breakpoint
CREATE INDEX "people_cover_face_idx" ON "people" USING btree ("cover_face_id");--> statement-breakpoint
CREATE INDEX "person_audit_owner_idx" ON "person_audit" USING btree ("owner_id","id");--> statement-breakpoint
CREATE INDEX "person_audit_deleted_at_idx" ON "person_audit" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "asset_model_runs_asset_idx" ON "asset_model_runs" USING btree ("asset_id");--> statement-breakpoint
CREATE UNIQUE INDEX "vector_spaces_model_key" ON "vector_spaces" USING btree ("kind","model");--> statement-breakpoint
CREATE UNIQUE INDEX "vector_spaces_active_key" ON "vector_spaces" USING btree ("kind") WHERE "vector_spaces"."state" = 'active';--> statement-breakpoint
CREATE UNIQUE INDEX "vector_spaces_building_key" ON "vector_spaces" USING btree ("kind") WHERE "vector_spaces"."state" = 'building';