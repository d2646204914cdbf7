CREATE TABLE "face_recognitions" (
	"face_id" uuid PRIMARY KEY NOT NULL,
	"basis" text NOT NULL,
	"is_dense" boolean NOT NULL,
	"was_in_timeline" boolean NOT NULL
);
--> statement-breakpoint
ALTER TABLE "asset_faces" ADD COLUMN "is_hand_assigned" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "claimed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "face_recognitions" ADD CONSTRAINT "face_recognitions_face_id_asset_faces_id_fk" FOREIGN KEY ("face_id") REFERENCES "public"."asset_faces"("id") ON DELETE cascade ON UPDATE no action;